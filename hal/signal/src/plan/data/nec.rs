//! NEC NEAX single-line sets.

use super::{Table, procedure, read, value};
use crate::plan::Support::{Configurable, Yes};

pub(super) const PLAN: Table = Table {
    name: "nec",
    title: "NEC NEAX single-line sets",
    inherits: Some("pbx"),
    notes: &[],
    site: &[],
    facts: &[
        procedure("hold", Configurable, "flash wait:recall-dial dial:{hold} wait:dial", read("nec"), ""),
        procedure(
            "swap",
            Configurable,
            "flash wait:recall-dial dial:{hold}",
            read("nec"),
            "same code alternates; only one held",
        ),
        procedure("retrieve", Yes, "onhook wait:ring offhook", read("nec"), "also flash dial:{hold}"),
        value(
            "onhook.active_and_held",
            "joins",
            read("nec"),
            "with Call Hold: active released, held rings back; with consultation hold: transfer",
        ),
        procedure(
            "complete.busy.set",
            Configurable,
            "wait:busy|ringback dial:2 wait:confirm onhook",
            read("nec"),
            "also on no answer; no time limit",
        ),
        value("threeway.flash", "system data can disable flash during three-way", read("nec"), ""),
    ],
};
