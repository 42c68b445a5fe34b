//! Mexico, Telmex.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::Yes;

pub(super) const PLAN: Table = Table {
    name: "mx",
    title: "Mexico, Telmex",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "100", known("eng"), "Flash key accepted as R"),
        procedure("callwaiting.answer", Yes, "flash wait:recall-dial dial:2", read("mx-telmex"), ""),
        procedure(
            "callwaiting.release_and_answer",
            Yes,
            "flash wait:recall-dial dial:1",
            read("mx-telmex"),
            "described as cutting the second call and returning",
        ),
        procedure("callwaiting.on", Yes, "dial:*43#", read("mx-telmex"), ""),
        procedure("callwaiting.off", Yes, "dial:#43#", read("mx-telmex"), ""),
        procedure("forward.uncond.set", Yes, "dial:*21*{n}#", read("mx-telmex"), ""),
        procedure("forward.noanswer.set", Yes, "dial:*61*{n}#", read("mx-telmex"), ""),
        procedure("forward.busy.set", Yes, "dial:*67*{n}#", read("mx-telmex"), ""),
        value("forward.no_answer_s", "20", read("mx-telmex"), "20 s"),
        value("forward.indication", "changed dial tone while on", read("mx-telmex"), ""),
    ],
};
