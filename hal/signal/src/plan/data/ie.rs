//! Ireland.

use super::{Table, known, procedure, read, unavailable};
use crate::plan::Support::Yes;

pub(super) const PLAN: Table = Table {
    name: "ie",
    title: "Ireland",
    inherits: Some("gb"),
    notes: &[],
    site: &[],
    facts: &[
        procedure("callwaiting.answer", Yes, "flash wait:recall-dial dial:2", read("bt-ie"), ""),
        procedure("callwaiting.release_and_answer", Yes, "flash wait:recall-dial dial:1", read("bt-ie"), ""),
        procedure("callwaiting.on", Yes, "dial:*43#", read("bt-ie"), ""),
        procedure("callwaiting.off", Yes, "dial:#43#", read("bt-ie"), ""),
        unavailable("lastcaller.return", known("eng"), "not 1471"),
    ],
};
