//! Australia, Telstra PSTN.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::{Subscription, Yes};

pub(super) const PLAN: Table = Table {
    name: "au",
    title: "Australia, Telstra PSTN",
    inherits: Some("etsi"),
    notes: &["Number follows the code directly: *21number#, without a second star."],
    site: &[],
    facts: &[
        value("recall.send_ms", "100", known("eng"), "AS/CA S002 timed break 80-120"),
        value("callwaiting.tone", "two beeps every 5 s", read("au-tel"), ""),
        procedure("forward.uncond.set", Yes, "dial:*21{n}# wait:announcement", read("au-sp"), ""),
        procedure("forward.uncond.cancel", Yes, "dial:#21#", read("au-sp"), ""),
        procedure("forward.uncond.check", Yes, "dial:*#21#", read("au-sp"), ""),
        procedure(
            "forward.busy.set",
            Yes,
            "dial:*24{n}# wait:announcement",
            read("au-sp"),
            "*25# is the fixed-number form",
        ),
        procedure("forward.busy.cancel", Yes, "dial:#24#", read("au-sp"), ""),
        procedure("forward.busy.check", Yes, "dial:*#24#", read("au-tel"), ""),
        procedure("forward.noanswer.set", Yes, "dial:*61{n}#", read("au-sp"), ""),
        procedure("forward.noanswer.set_with_time", Yes, "dial:*61{n}*{t}#", read("au-sp"), ""),
        value("forward.no_answer_s", "20", read("au-tel"), "20 s, 7-8 rings; 5-60 s selectable"),
        procedure(
            "complete.busy.set",
            Yes,
            "wait:busy dial:5",
            known("au-tel"),
            "Call Back exists (read); digit knowledge",
        ),
        procedure("lastcaller.return", Yes, "dial:*10# wait:announcement dial:1", known("au-tel"), ""),
        procedure("clid.block_call", Subscription, "dial:1831{n}", known("eng"), ""),
        procedure("clid.show_call", Subscription, "dial:1832{n}", known("eng"), ""),
        procedure(
            "secure.before",
            Yes,
            "dial:*44 dial:{n}",
            known("au-tel"),
            "a per-call prefix exists (read: Westnet); digits knowledge",
        ),
        value("disconnect.far_end", "busy tone; loop break about 500-1000 ms by order (CPC)", known("eng"), ""),
    ],
};
