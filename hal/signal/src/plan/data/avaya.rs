//! Avaya DEFINITY/Communication Manager analog.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::{Configurable, Yes};

pub(super) const PLAN: Table = Table {
    name: "avaya",
    title: "Avaya DEFINITY/Communication Manager analog",
    inherits: Some("pbx"),
    notes: &["Feature access codes are empty until administered."],
    site: &[],
    facts: &[
        procedure(
            "hold",
            Yes,
            "flash wait:recall-dial",
            read("avaya"),
            "recall signalling: hold, use the line, return",
        ),
        procedure(
            "transfer.consult_complete",
            Yes,
            "onhook",
            known("avaya"),
            "transfer-upon-hangup option applies to digital sets (read); analog sets always complete by hanging up",
        ),
        value("recall.accept_ms", "200-1000", known("avaya"), "switchhook flash interval bounds"),
        value("complete.timeout_s", "1800", read("avaya"), "three tones confirm, one tone cancels"),
        procedure(
            "park.nondirected",
            Configurable,
            "flash wait:recall-dial dial:{park} wait:confirm onhook",
            known("avaya"),
            "parked on own extension; unpark with answer-back code + extension",
        ),
        value("transfer.recall", "unanswered transfer returns with priority ringback", read("avaya"), ""),
        procedure(
            "forward.uncond.set",
            Configurable,
            "dial:{fwd} wait:recall-dial dial:{n} wait:confirm",
            known("avaya"),
            "three short tones",
        ),
    ],
};
