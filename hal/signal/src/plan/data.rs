//! The built-in plans, one table each.

use super::builder::FactText;

mod plain;

/// A plan as its table states it.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) inherits: Option<&'static str>,
    pub(super) notes: &'static [&'static str],
    /// The site's usual codes.
    pub(super) site: &'static [(&'static str, &'static str)],
    pub(super) facts: &'static [FactText<'static>],
}

/// All of them; a parent before its children.
pub(super) static PLANS: &[Table] = &[plain::PLAN];
