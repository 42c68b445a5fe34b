//! Hardware in the loop: the same cases on whatever lines a rig has.
//!
//! A *rig* is a set of lines, described by one TOML file (see [`mod@file`]). The cases drive the devices of `loopstart-hal`
//! directly: open by selector, act, and wait for what the line says. The default rig is the emulated exchange, so that
//! the harness itself is tested wherever there is no hardware.

pub mod bench;
pub mod cases;
pub mod file;
