//! Mitel SX-200 single-line sets.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::{Configurable, Yes};

pub(super) const PLAN: Table = Table {
    name: "mitel",
    title: "Mitel SX-200 single-line sets",
    inherits: Some("pbx"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "750", known("mitel"), "manual tells users about one second (read); stay below it"),
        procedure(
            "hold",
            Yes,
            "flash wait:recall-dial dial:44 onhook",
            read("mitel"),
            "site code; retrieve by a hold-retrieve code beginning 4",
        ),
        procedure("transfer.consult_complete", Yes, "onhook", read("mitel"), ""),
        procedure(
            "swap",
            Yes,
            "flash",
            read("mitel"),
            "flash alternates in consultation (SUPERSET 401; single-line by class of service)",
        ),
        procedure(
            "threeway.join",
            Configurable,
            "flash wait:recall-dial dial:{conference}",
            known("eng"),
            "a flash alternates, so the conference needs a code",
        ),
        value("callwaiting.swap", "SWAP CAMPON lets the extension talk to the first camped caller", read("mitel"), ""),
        value(
            "onhook.consult_busy",
            "rings-back",
            read("mitel"),
            "camp-on tone says whether camping is allowed; camps after a delay",
        ),
        value("hold.recall_s", "180", read("mitel"), "2, 3 or 4 min by option"),
        value("trunk.prefix", "9", read("mitel"), ""),
        value("trunk.second_dial_tone", "yes", read("mitel"), ""),
        value("redial", "#", read("mitel"), ""),
    ],
};
