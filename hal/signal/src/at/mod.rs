//! The dialogue between a terminal and a modem (ITU-T V.250): lines, result codes and the values of answers.
//!
//! [`Splitter`] turns a modem's bytes into lines, however they are cut; [`ResultCode`] says what a line means;
//! [`value`] and [`ranges_contain`] read the answers of `?` and `=?`, whose forms differ from chip to chip.

pub mod command;
mod result;
mod splitter;

pub use result::{ResultCode, integers, ranges_contain, value};
pub use splitter::{Line, Splitter};
