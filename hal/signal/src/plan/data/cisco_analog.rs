//! Cisco gateway analog ports (feature mode).

use super::{Table, procedure, read, value};
use crate::plan::Support::Yes;

pub(super) const PLAN: Table = Table {
    name: "cisco-analog",
    title: "Cisco gateway analog ports (feature mode)",
    inherits: Some("pbx"),
    notes: &[],
    site: &[],
    facts: &[
        value(
            "order.after_flash",
            "#1 = hang up last active call; #2 = transfer; #3 = conference; #4 = drop last conferee; #5 = toggle",
            read("stcapp"),
            "",
        ),
        procedure("swap", Yes, "flash wait:recall-dial dial:#5", read("stcapp"), ""),
        procedure("threeway.join", Yes, "flash wait:recall-dial dial:#3", read("stcapp"), ""),
        procedure("threeway.drop_last", Yes, "flash wait:recall-dial dial:#4", read("stcapp"), ""),
        procedure("transfer.consult_complete", Yes, "flash wait:recall-dial dial:#2", read("stcapp"), ""),
        procedure("pickup.group", Yes, "dial:**3", read("stcapp"), ""),
        procedure("pickup.directed", Yes, "dial:**6{ext}", read("stcapp"), ""),
        procedure("forward.uncond.set", Yes, "dial:**2 dial:{n}", read("stcapp"), ""),
        procedure("forward.uncond.cancel", Yes, "dial:**9", read("stcapp"), ""),
        procedure("secure.before", Yes, "dial:**8 dial:{n}", read("stcapp"), ""),
    ],
};
