//! The audio of a call, over real socket pairs and a scripted modem.

use super::*;
use crate::drivers::audio::{CallAudio, Direction};
use loopstart_signal::linear;
use std::fs::File;
use std::io::{Read, Write};

/// A modem with one way of audio at a time.
pub(super) fn half_duplex(command: &str) -> Option<String> {
    match command {
        "AT+VSM=?" => ok("0,\"SIGNED PCM\",8,0,8000,0,0\r\n1,\"UNSIGNED PCM\",8,0,8000,0,0"),
        "AT+VTR" => Some("\r\nERROR\r\n".into()),
        "AT+VRX" | "AT+VTX" => Some("\r\nCONNECT\r\n".into()),
        other => conexant(other),
    }
}

pub(super) fn duplex(command: &str) -> Option<String> {
    match command {
        "AT+VTR" => Some("\r\nCONNECT\r\n".into()),
        other => half_duplex(other),
    }
}

fn open(rig: &mut Rig, direction: Direction) -> File {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let streams = rig.modem.audio().expect("streams");
    assert!(streams.gate().is_able());
    let (theirs, ours) = streams.gate().open(1, direction, false).unwrap().expect("a place");
    streams.attach(ours);
    fcntl(&theirs, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    File::from(theirs)
}

fn samples(file: &mut File) -> Vec<i16> {
    let (mut all, mut part) = (Vec::new(), [0; 4_096]);
    while let Ok(n @ 1..) = file.read(&mut part) {
        all.extend(part[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
    }
    all
}

fn say(file: &mut File, samples: &[i16]) {
    file.write_all(&samples.iter().flat_map(|s| s.to_ne_bytes()).collect::<Vec<_>>()).unwrap();
}

/// What of the wire is behind the last command.
fn sent(rig: &mut Rig, command: &str) -> Vec<u8> {
    let wire = &rig.wire;
    let at = wire.windows(command.len()).rposition(|w| w == command.as_bytes()).expect("the command") + command.len();
    wire[at..].to_vec()
}

#[test]
fn a_reader_hears_and_an_action_interrupts() {
    let mut rig = Rig::off_hook(half_duplex);
    let mut reader = open(&mut rig, Direction::FromLine);
    assert_eq!(rig.run(500), []);
    assert_eq!(rig.commands, ["AT+VSM=1,8000", "AT+VTR", "AT+VRX"]);
    // A shielded event, a doubled DLE and two of them in one pair among the samples.
    rig.say(b"\x80\x90\x10/\x105\x10~\x10\x10\x10\x1a\x70");
    assert_eq!(rig.run(100), []);
    let heard: Vec<i16> = [0x80, 0x90, 0x10, 0x10, 0x10, 0x70].map(linear::unsigned8_decode).into();
    assert_eq!(samples(&mut reader), heard);
    rig.commands.clear();
    rig.act(send("5"));
    assert_eq!(rig.run(100), []);
    assert!(rig.line.ends_with(b"\x10!"), "{:?}", rig.line);
    rig.line.clear();
    rig.say(b"\x40\r\nOK\r\n\x10\x03\r\nOK\r\n");
    assert_eq!(rig.run(300), [done(2)]);
    let rest = samples(&mut reader);
    assert_eq!(rest.len(), 7, "an OK before the end is samples");
    assert_eq!(rig.commands, ["AT+VTS={5,10}", "AT+VRX"], "and then it goes on");
    rig.say(b"\x20");
    rig.run(100);
    assert_eq!(samples(&mut reader), [linear::unsigned8_decode(0x20)]);
}

#[test]
fn a_writer_is_heard_at_the_pace_of_the_line() {
    let mut rig = Rig::off_hook(half_duplex);
    let mut writer = open(&mut rig, Direction::ToLine);
    assert_eq!(rig.run(500), []);
    assert_eq!(rig.commands, [""; 0], "nobody says anything");
    let all: Vec<i16> = (0..4_000).map(|i| linear::unsigned8_decode((i % 251) as u8)).collect();
    say(&mut writer, &all);
    rig.run(100);
    assert_eq!(rig.commands[..3], ["AT+VSM=1,8000", "AT+VTR", "AT+VTX"]);
    let soon = sent(&mut rig, "AT+VTX\r").len();
    assert!((1_600..3_000).contains(&soon), "{soon} bytes ahead");
    rig.run(1_000);
    let bytes = sent(&mut rig, "AT+VTX\r");
    let mut decoder = dle::Decoder::new();
    let items: Vec<_> = bytes.iter().filter_map(|b| decoder.push(*b)).collect();
    let back: Vec<i16> = items
        .iter()
        .filter_map(|item| match item {
            dle::Item::Data(byte) => Some(linear::unsigned8_decode(*byte)),
            _ => None,
        })
        .collect();
    assert_eq!(back, all);
    assert_eq!(items.last(), Some(&dle::Item::End), "it had its say");
    rig.line.clear();
    rig.say(b"\x10u\r\nOK\r\n");
    assert_eq!(rig.run(1_000), []);
    say(&mut writer, &all[..100]);
    rig.run(100);
    assert_eq!(rig.commands.iter().filter(|c| *c == "AT+VTX").count(), 2, "again");
}

#[test]
fn both_ways_at_once_where_the_modem_can() {
    let mut rig = Rig::off_hook(duplex);
    let mut reader = open(&mut rig, Direction::FromLine);
    let mut writer = open(&mut rig, Direction::ToLine);
    rig.run(200);
    assert_eq!(rig.commands, ["AT+VSM=1,8000", "AT+VTR"]);
    say(&mut writer, &[linear::unsigned8_decode(0x33); 10]);
    rig.say(&[0x44; 10]);
    rig.run(100);
    assert_eq!(samples(&mut reader), [linear::unsigned8_decode(0x44); 10]);
    assert_eq!(sent(&mut rig, "AT+VTR\r"), [0x33; 10]);
    // The call is held: nobody listens or speaks any more.
    rig.modem.audio().unwrap().call(1, CallAudio::Held);
    rig.run(2_500);
    assert!(rig.wire.ends_with(b"\x10^"), "{:?}", rig.wire);
}

#[test]
fn a_release_ends_a_stream_and_a_modem_that_does_not_stop_is_brought_back() {
    let mut rig = Rig::off_hook(half_duplex);
    let _reader = open(&mut rig, Direction::FromLine);
    rig.run(200);
    rig.act(ActionKind::Release);
    rig.run(100);
    rig.line.clear();
    rig.say(b"\x10\x03\r\nOK\r\n");
    assert_eq!(rig.run(500), [LineEvent::OnHook, done(2)]);
    assert_eq!(rig.run(5_000), [], "on hook there is no audio");
    let mut rig = Rig::off_hook(half_duplex);
    let _reader = open(&mut rig, Direction::FromLine);
    rig.run(200);
    rig.act(ActionKind::Release);
    let told = rig.run(20_000);
    assert!(told.contains(&LineEvent::OnHook) && told.contains(&done(2)), "{told:?}");
    assert!(rig.wire.windows(2).any(|w| w == [dle::DLE, dle::ESC]), "it was asked twice");
}

#[test]
fn streams_that_fail_again_and_again_are_left_alone() {
    let mut rig = Rig::off_hook(half_duplex);
    rig.special("AT+VRX", Some("\r\nERROR\r\n"));
    let _reader = open(&mut rig, Direction::FromLine);
    assert_eq!(rig.run(10_000), []);
    assert_eq!(rig.commands.iter().filter(|c| *c == "AT+VRX").count(), 3);
    // The next call is a new chance.
    rig.act(ActionKind::Release);
    rig.run(1_000);
    rig.act(ActionKind::Seize);
    rig.commands.clear();
    rig.run(1_000);
    assert!(rig.commands.iter().any(|c| c == "AT+VSM=1,8000"), "{:?}", rig.commands);
}
