//! Nortel Meridian 1 / CS1000 500/2500 sets.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::{Configurable, Yes};

pub(super) const PLAN: Table = Table {
    name: "nortel",
    title: "Nortel Meridian 1 / CS1000 500/2500 sets",
    inherits: Some("pbx"),
    notes: &["SPRE is a site prefix (often 1 or *): codes are SPRE + digits, or flexible feature codes."],
    site: &[],
    facts: &[
        procedure(
            "hold",
            Yes,
            "flash wait:recall-dial dial:#4 onhook",
            read("nortel"),
            "permanent hold; reminder ring after 2-126 s, default 60 s",
        ),
        value("onhook.active_and_held", "joins", known("nortel"), "transfer"),
        procedure("park.directed", Yes, "flash wait:recall-dial dial:*6{s}", read("grin"), "slots 850-859 at one site"),
        procedure("unpark", Yes, "dial:{s}", read("grin"), ""),
        procedure("pickup.group", Yes, "dial:*3", read("grin"), "one site; SPRE 3 is the factory form (not read)"),
        procedure(
            "forward.uncond.set",
            Yes,
            "dial:*4 dial:{n}",
            read("grin"),
            "one site; #1 + number is the factory form (not read); interrupted dial tone while on",
        ),
        procedure("forward.uncond.cancel", Yes, "dial:#1", known("nortel"), ""),
        procedure("complete.busy.set", Yes, "flash wait:recall-dial dial:#2", known("nortel"), "ring again"),
        procedure("park.nondirected", Configurable, "flash wait:recall-dial dial:{spre}71", known("nortel"), ""),
    ],
};
