//! The emulated telephone exchange, the voice modem and the FXO port that plug into it.
//!
//! What is it? [`Exchange`] is a switch without input or output: it advances in steps of 5 ms of line time, takes
//! what each [`Terminal`](subscriber::Terminal) does and answers what each pair of wires carries. Battery, ringing,
//! tones, digit reception, numbering, caller identification and supervision are those of a country's network.
//!
//! Where is what? `line` is the circuit of one line (with `hook`, `ringer`, `source`), `switch` moves calls (`call`) between
//! lines and far ends (`party`), `numbers` is the numbering plan and `features` the place where further features hook in.
//! [`EmulatedExchange`] runs it all in a thread, with modems on pseudo-terminals and FXO ports behind sockets; `control` is the
//! language in which an operator speaks to it.

mod call;
pub mod control;
mod control_server;
mod event;
mod features;
mod fxo_card;
#[cfg(test)]
mod fxo_tests;
mod hook;
mod line;
pub mod modem;
mod modem_line;
pub mod modem_port;
mod numbers;
mod party;
mod ringer;
mod serve;
#[cfg(test)]
mod serve_tests;
mod settings;
mod source;
pub mod subscriber;
mod switch;
#[cfg(test)]
mod telephone;
#[cfg(test)]
mod tests;
mod tones;
mod voice;

pub use event::{Event, EventKind, EventLog, KEPT_EVENTS};
pub use line::Recorder;
pub use numbers::{DialString, MAX_DIGITS, number_of};
pub use serve::{EmulatedExchange, FirmwareMaker, LineKind, ServeSettings, TICK};
pub use settings::{HookTiming, MAX_LINES, Settings, Timing};
pub use source::MAX_CLIP;
pub use switch::{Exchange, LineState, Refused};
pub use tones::Signal;
