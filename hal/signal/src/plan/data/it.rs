//! Italy, Telecom Italia analog.

use super::{Table, known, procedure, read, unavailable, value};
use crate::plan::Support::{Subscription, Yes};

pub(super) const PLAN: Table = Table {
    name: "it",
    title: "Italy, Telecom Italia analog",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "100", known("eng"), ""),
        value("callwaiting.tone", "heard three times, every 10 s; 30 s to react", read("it-ss"), ""),
        procedure(
            "callwaiting.answer",
            Yes,
            "flash wait:recall-dial dial:2",
            read("it-ss"),
            "repeat to swap; held party hears a wait message every 10 s",
        ),
        procedure("callwaiting.release_and_answer", Yes, "flash wait:recall-dial dial:1", read("it-ss"), ""),
        unavailable(
            "callwaiting.reject",
            read("it-ss"),
            "ignore: caller gets busy after 30 s (Wikipedia it says R1 rejects; conflict)",
        ),
        procedure("callwaiting.on", Yes, "dial:*43#", read("it-ss"), ""),
        procedure("callwaiting.off", Yes, "dial:#43#", read("it-ss"), ""),
        procedure("callwaiting.check", Yes, "dial:*#43#", read("it-ss"), ""),
        procedure(
            "forward.uncond.set",
            Yes,
            "dial:*21*{n}# wait:announcement",
            read("it-ss"),
            "not together with call waiting",
        ),
        procedure("clid.block_call", Subscription, "dial:*67#{n}", known("eng"), ""),
    ],
};
