//! India, BSNL/MTNL.

use super::{Table, known, none, procedure, read, unavailable, value};
use crate::plan::Support::Yes;

pub(super) const PLAN: Table = Table {
    name: "in",
    title: "India, BSNL/MTNL",
    inherits: Some("etsi"),
    notes: &["Three-digit codes, no star or hash, so pulse phones work."],
    site: &[],
    facts: &[
        value("recall.send_ms", "300", known("eng"), "phones offer 100-600; exchanges C-DOT/E10B/OCB/AXE differ"),
        procedure("callwaiting.on", Yes, "dial:118 wait:confirm", read("in-bsnl"), "acceptance tone follows"),
        procedure("callwaiting.off", Yes, "dial:119 wait:confirm", read("in-bsnl"), ""),
        value("callwaiting.tone", "special tone about 3 s; caller hears ringing", read("in-bsnl"), ""),
        procedure(
            "callwaiting.release_and_answer",
            Yes,
            "flash wait:recall-dial dial:1",
            read("in-bsnl"),
            "E10B/OCB/AXE",
        ),
        procedure(
            "callwaiting.answer",
            Yes,
            "flash wait:recall-dial dial:2",
            known("in-bsnl"),
            "option exists (read); digit knowledge",
        ),
        procedure("swap", Yes, "flash wait:recall-dial dial:2", known("in-bsnl"), ""),
        procedure("forward.uncond.set", Yes, "dial:114{n} wait:confirm", read("in-bsnl"), ""),
        procedure("forward.uncond.cancel", Yes, "dial:115 wait:confirm", read("in-bsnl"), ""),
        unavailable(
            "forward.uncond.check",
            known("in-bsnl"),
            "a different dial tone is the evidence (read); a different dial tone while active is verified",
        ),
        unavailable("forward.busy.set", known("in-bsnl"), "not among the landline codes read"),
        unavailable("forward.busy.cancel", known("in-bsnl"), "not among the landline codes read"),
        unavailable("forward.busy.check", known("in-bsnl"), "not among the landline codes read"),
        unavailable("forward.noanswer.set", known("in-bsnl"), "not among the landline codes read"),
        none("forward.noanswer.set_with_time"),
        unavailable("forward.noanswer.cancel", known("in-bsnl"), "not among the landline codes read"),
        unavailable("forward.noanswer.check", known("in-bsnl"), "not among the landline codes read"),
        value("forward.confirm", "acceptance tone like busy tone with longer gaps", read("in-bsnl"), ""),
        procedure(
            "secure.before",
            Yes,
            "dial:119 wait:confirm onhook offhook wait:dial dial:{n}",
            read("in-bsnl"),
            "line-wide; dial 118 afterwards",
        ),
        value(
            "codes.other",
            "110{c}{n} = store short code; 111{c} = dial short code; 116{hhmm} = alarm; 117{hhmm} = cancel alarm; 124{pin}{level} = lock",
            read("in-bsnl"),
            "",
        ),
        value("trunk.centrex_outside", "0 on NGN, 9 before", read("in-bsnl"), ""),
        none("clid.block_call"),
        unavailable("complete.busy.set", known("in-bsnl"), "not among the landline codes read"),
        unavailable("complete.busy.cancel", known("in-bsnl"), "not among the landline codes read"),
        unavailable("complete.busy.check", known("in-bsnl"), "not among the landline codes read"),
        value("recall.accept_ms", "100-600", known("eng"), "exchange dependent"),
    ],
};
