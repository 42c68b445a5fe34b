//! The built-in plans, one table each.

use super::Support;
use super::builder::FactText;

mod asterisk;
mod ata;
mod au;
mod avaya;
mod br;
mod broadworks;
mod centrex;
mod cisco_analog;
mod de;
mod es;
mod etsi;
mod fr;
mod freepbx;
mod gb;
mod gr303;
mod ie;
mod india;
mod it;
mod jp;
mod mitel;
mod mx;
mod nanp;
mod nec;
mod nl;
mod nortel;
mod nz;
mod panasonic;
mod pbx;
mod plain;
mod sources;

pub(super) use sources::SOURCES;

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
pub(super) static PLANS: &[Table] = &[
    plain::PLAN,
    nanp::PLAN,
    gr303::PLAN,
    centrex::PLAN,
    etsi::PLAN,
    gb::PLAN,
    ie::PLAN,
    de::PLAN,
    fr::PLAN,
    it::PLAN,
    es::PLAN,
    nl::PLAN,
    jp::PLAN,
    india::PLAN,
    au::PLAN,
    nz::PLAN,
    br::PLAN,
    mx::PLAN,
    asterisk::PLAN,
    freepbx::PLAN,
    ata::PLAN,
    broadworks::PLAN,
    pbx::PLAN,
    panasonic::PLAN,
    nortel::PLAN,
    avaya::PLAN,
    mitel::PLAN,
    nec::PLAN,
    cisco_analog::PLAN,
];

/// Where a fact comes from.
#[derive(Clone, Copy)]
struct From {
    source: &'static str,
    verified: bool,
}

/// Read in this document.
const fn read(source: &'static str) -> From {
    From { source, verified: true }
}

/// Knowledge; it would be found in this document.
const fn known(source: &'static str) -> From {
    From { source, verified: false }
}

/// A service and how to have it.
const fn procedure(
    key: &'static str,
    support: Support,
    steps: &'static str,
    from: From,
    note: &'static str,
) -> FactText<'static> {
    FactText { key, support, steps, value: "", verified: from.verified, source: from.source, note }
}

/// A plain value.
const fn value(key: &'static str, value: &'static str, from: From, note: &'static str) -> FactText<'static> {
    FactText { key, support: Support::Yes, steps: "", value, verified: from.verified, source: from.source, note }
}

/// A service that is not there, and why.
const fn unavailable(key: &'static str, from: From, why: &'static str) -> FactText<'static> {
    FactText {
        key,
        support: Support::No,
        steps: "",
        value: "",
        verified: from.verified,
        source: from.source,
        note: why,
    }
}

/// What the parent states does not hold here.
const fn none(key: &'static str) -> FactText<'static> {
    FactText { key, support: Support::Yes, steps: "", value: "none", verified: false, source: "", note: "" }
}
