//! France, France Telecom/Orange analog.

use super::{Table, known, procedure, unavailable, value};
use crate::plan::Support::{Subscription, Yes};

pub(super) const PLAN: Table = Table {
    name: "fr",
    title: "France, France Telecom/Orange analog",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "270", known("fr-sti"), ""),
        value("recall.accept_ms", "200-320", known("fr-sti"), ""),
        procedure("forward.busy.set", Subscription, "dial:*69*{n}#", known("fr-sti"), "69 instead of 67"),
        procedure("forward.busy.cancel", Subscription, "dial:#69#", known("fr-sti"), ""),
        procedure("forward.busy.check", Subscription, "dial:*#69#", known("fr-sti"), ""),
        procedure(
            "complete.busy.set",
            Subscription,
            "wait:busy dial:5",
            known("fr-sti"),
            "automatic callback; cancel #37#",
        ),
        procedure("lastcaller.return", Yes, "dial:3131 wait:announcement dial:5", known("fr-sti"), ""),
        procedure("clid.block_call", Subscription, "dial:3651{n}", known("fr-sti"), ""),
        unavailable(
            "clid.show_call",
            known("fr-sti"),
            "one prefix, 3651, is named for both ways: it shows the number only on lines with permanent secret (3652)",
        ),
        value("voicemail.indication", "special dial tone; access 3103 / 888", known("fr-sti"), ""),
        value(
            "disconnect.far_end",
            "busy tone; loop break about 200-300 ms or reversal only by option",
            known("fr-sti"),
            "",
        ),
    ],
};
