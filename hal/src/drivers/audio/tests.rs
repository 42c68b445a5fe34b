//! Streams over real socket pairs; nothing here waits.

use super::*;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};

fn open(streams: &mut Streams, direction: Direction) -> File {
    let (theirs, ours) = streams.gate().open(7, direction, false).unwrap().expect("a place");
    streams.attach(ours);
    nonblocking(theirs)
}

fn nonblocking(fd: OwnedFd) -> File {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    File::from(fd)
}

fn bytes(samples: impl IntoIterator<Item = i16>) -> Vec<u8> {
    samples.into_iter().flat_map(i16::to_ne_bytes).collect()
}

/// Everything that is there, and whether the end of the file came.
fn read_all(file: &mut File) -> (Vec<i16>, bool) {
    let (mut all, mut part) = (Vec::new(), [0; 4_001]);
    let ended = loop {
        match file.read(&mut part) {
            Ok(0) => break true,
            Ok(n) => all.extend(&part[..n]),
            Err(e) if e.kind() == ErrorKind::WouldBlock => break false,
            Err(e) => panic!("{e}"),
        }
    };
    (all.chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])).collect(), ended)
}

#[test]
fn every_reader_gets_a_copy_and_the_end() {
    let mut streams = Streams::new();
    let (mut a, mut b) = (open(&mut streams, Direction::FromLine), open(&mut streams, Direction::FromLine));
    assert!(streams.has_readers() && !streams.has_writers());
    streams.hear(&[1, -2, 3]);
    streams.hear(&[4]);
    assert_eq!(read_all(&mut a), (vec![1, -2, 3, 4], false));
    streams.hear(&[5]);
    streams.call(8, CallAudio::Ended);
    assert_eq!(read_all(&mut a), (vec![5], false), "another call ended");
    streams.call(7, CallAudio::Ended);
    assert_eq!(read_all(&mut a), (vec![], true));
    assert_eq!(read_all(&mut b), (vec![1, -2, 3, 4, 5], true));
    assert!(!streams.has_readers());
}

#[test]
fn a_slow_reader_loses_the_oldest_and_gets_whole_samples() {
    let mut streams = Streams::new();
    let mut reader = open(&mut streams, Direction::FromLine);
    let mut next = 0i16;
    for _ in 0..600 {
        let block: Vec<i16> = (0..160).map(|i| next.wrapping_add(i) & 0x7fff).collect();
        next = next.wrapping_add(160) & 0x7fff;
        streams.hear(&block);
    }
    let lost = streams.gate().lost();
    assert!(lost > 0);
    let mut all = Vec::new();
    loop {
        let (part, _) = read_all(&mut reader);
        if part.is_empty() {
            break;
        }
        all.extend(part);
        streams.hear(&[]);
    }
    assert_eq!(all.len() as u64 + lost, 600 * 160);
    let jumps = all.windows(2).filter(|w| w[1] != w[0].wrapping_add(1) & 0x7fff).count();
    assert_eq!(jumps, 1, "one gap, and no sample cut");
    assert_eq!(all.last(), Some(&(next.wrapping_sub(1) & 0x7fff)), "the newest is there");
}

#[test]
fn writers_are_mixed_and_clipped_and_odd_bytes_shift_nothing() {
    let mut streams = Streams::new();
    let (mut a, mut b) = (open(&mut streams, Direction::ToLine), open(&mut streams, Direction::ToLine));
    assert!(!streams.is_spoken_to());
    let said = bytes([100, 30_000, -30_000, 7]);
    a.write_all(&said[..3]).unwrap();
    b.write_all(&bytes([1, 30_000, -30_000])).unwrap();
    assert!(streams.is_spoken_to());
    let mut out = [0; 2];
    assert_eq!(streams.say(&mut out), 2);
    assert_eq!(out, [101, 30_000], "the second sample of the first has not come whole");
    a.write_all(&said[3..]).unwrap();
    let mut out = [10; 4];
    assert_eq!(streams.say(&mut out), 3);
    // The one has 30000, -30000 and 7 left, the other -30000.
    assert_eq!(out, [10, -29_990, 17, 10]);
    for writer in [&mut a, &mut b] {
        writer.write_all(&bytes([30_000, -30_000])).unwrap();
    }
    let mut out = [0; 2];
    assert_eq!((streams.say(&mut out), out), (2, [i16::MAX, i16::MIN]));
}

#[test]
fn a_held_call_neither_hears_nor_speaks() {
    let mut streams = Streams::new();
    let (mut reader, mut writer) = (open(&mut streams, Direction::FromLine), open(&mut streams, Direction::ToLine));
    writer.write_all(&bytes([5; 320])).unwrap();
    streams.call(7, CallAudio::Held);
    let mut out = [0; 160];
    streams.hear(&[1; 160]);
    assert_eq!((streams.say(&mut out), streams.is_spoken_to(), streams.has_readers()), (0, false, false));
    assert_eq!(read_all(&mut reader), (vec![], false));
    streams.call(7, CallAudio::Live);
    streams.hear(&[2; 2]);
    assert_eq!(read_all(&mut reader), (vec![2, 2], false));
    assert_eq!((streams.say(&mut out), out), (160, [5; 160]));
    // What is said while the line is muted is gone.
    streams.discard(100);
    assert_eq!(streams.say(&mut out), 60);
}

#[test]
fn places_are_few_and_are_given_back() {
    let mut streams = Streams::new();
    let mut open_ones: Vec<File> = (0..READERS).map(|_| open(&mut streams, Direction::FromLine)).collect();
    assert!(streams.gate().open(7, Direction::FromLine, false).unwrap().is_none());
    assert!(streams.gate().open(7, Direction::ToLine, false).unwrap().is_some(), "the other direction has its own");
    open_ones.pop();
    streams.hear(&[1]);
    let (mut theirs, ours) =
        streams.gate().open(7, Direction::FromLine, false).unwrap().map(|(t, o)| (nonblocking(t), o)).unwrap();
    drop(ours);
    assert_eq!(read_all(&mut theirs), (vec![], true), "let go of");
    let mut writer = open(&mut streams, Direction::ToLine);
    writer.write_all(&bytes([3])).unwrap();
    drop(writer);
    let mut out = [0; 4];
    assert_eq!((streams.say(&mut out), out), (1, [3, 0, 0, 0]), "what was said before it went");
    assert_eq!(streams.say(&mut out), 0);
    assert!(!streams.has_writers());
}

#[test]
fn what_is_played_can_be_paused_and_thrown_away() {
    let mut streams = Streams::new();
    let mut writer = open(&mut streams, Direction::ToLine);
    let mut out = [0; 4];
    writer.write_all(&bytes([1; 4])).unwrap();
    streams.order(MediaOrder::Pause);
    streams.discard(4);
    assert_eq!((streams.say(&mut out), streams.is_spoken_to()), (0, false));
    streams.order(MediaOrder::Run);
    assert_eq!((streams.say(&mut out), out), (4, [1; 4]));
    writer.write_all(&bytes([2; 1_000])).unwrap();
    streams.order(MediaOrder::Reset);
    assert!(!streams.is_spoken_to());
    writer.write_all(&bytes([3; 4])).unwrap();
    let mut out = [0; 4];
    assert_eq!((streams.say(&mut out), out), (4, [3; 4]));
}
