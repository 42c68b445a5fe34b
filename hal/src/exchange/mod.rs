//! The emulated telephone exchange, the voice modem and the FXO port that plug into it.
//!
//! What is it? [`Exchange`] is a switch without input or output: it advances in steps of 5 ms of line time, takes
//! what each [`Terminal`](subscriber::Terminal) does and answers what each pair of wires carries. Battery, ringing,
//! tones, digit reception, numbering, caller identification and supervision are those of a country's network.
//!
//! What its lines can do beyond plain calls follows from the switch plan it is set to ([`Settings::plan`]): the exchange is
//! the other side of the procedures that a subscriber carries out. Nothing about a plan is known by its name.
//!
//! Where is what? `line` is the circuit of one line (with `hook`, `ringer`, `notice`, `source`), `station` its further calls and
//! what its subscriber has switched on. `switch` moves calls (`call`) between lines and far ends (`party`), `routing` takes
//! them from a number to whoever is rung (`numbers` is the numbering plan), `mix` decides who hears whom. `features` reads the
//! plan's codes and `services` carries them out; `flash`, `hangup` and `waiting` are what those moments do to several calls;
//! `orbit` parks and picks up, `complete` calls back.
//! [`EmulatedExchange`] runs it all in a thread, with modems on pseudo-terminals and FXO ports behind sockets; `control` is the
//! language in which an operator speaks to it.

mod call;
mod complete;
pub mod control;
mod control_server;
mod event;
mod features;
mod flash;
mod fxo_card;
#[cfg(test)]
mod fxo_tests;
mod hangup;
mod hook;
mod line;
mod mix;
pub mod modem;
mod modem_line;
pub mod modem_port;
mod music;
mod notice;
mod numbers;
mod operator;
mod orbit;
mod party;
#[cfg(test)]
mod plan_tests;
mod ringer;
mod routing;
mod serve;
#[cfg(test)]
mod serve_tests;
mod services;
mod settings;
mod source;
mod station;
pub mod subscriber;
mod switch;
#[cfg(test)]
mod telephone;
#[cfg(test)]
mod tests;
mod tones;
mod voice;
mod waiting;

pub use event::{Event, EventKind, EventLog, KEPT_EVENTS};
pub use line::Recorder;
pub use numbers::{DialString, MAX_DIGITS, extension_of, number_of};
pub use operator::{LineState, Refused};
pub use serve::{EmulatedExchange, FirmwareMaker, LineKind, ServeSettings, TICK};
pub use settings::{HookTiming, MAX_LINES, Settings, Timing};
pub use source::MAX_CLIP;
pub use station::Role;
pub use switch::Exchange;
pub use tones::Signal;
