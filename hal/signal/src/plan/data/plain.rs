//! A line of which nothing is known.

use super::Table;

pub(super) const PLAN: Table =
    Table { name: "plain", title: "Calls and nothing else", inherits: None, notes: &[], site: &[], facts: &[] };
