//! Playing, recording, tones and events during a call.

use super::*;

/// Takes the shielding off: data, the codes of events, and where the stream ends.
fn unshield(bytes: &[u8]) -> (Vec<u8>, Vec<u8>, usize) {
    let mut decoder = dle::Decoder::new();
    let (mut data, mut events) = (Vec::new(), Vec::new());
    for (at, &b) in bytes.iter().enumerate() {
        match decoder.push(b) {
            Some(dle::Item::Data(b)) => data.push(b),
            Some(dle::Item::TwoDle) => data.extend([16, 16]),
            Some(dle::Item::Event(code)) => events.push(code),
            Some(dle::Item::End) => return (data, events, at + 1),
            None => {}
        }
    }
    (data, events, bytes.len())
}

#[test]
fn what_is_played_is_on_the_line_and_the_result_comes_after_it() {
    let mut rig = Rig::online();
    rig.expect("AT+VSM=128;+VTX\r", "\r\nCONNECT\r\n");
    rig.said.clear();
    rig.send([0x80, 0xff, 0x10, 0x10, 0x10, 0x1a, 0x00]);
    rig.send(vec![0x80; 400]);
    rig.send([0x10, 0x03]);
    let got = rig.run(100);
    assert_text(&got, "\r\nOK\r\n");
    assert_eq!(rig.said[..6], [0, 0x7f00, -0x7000, -0x7000, -0x7000, -0x8000]);
    rig.expect("AT\r", "\r\nOK\r\n");
    assert!(rig.off_hook, "the call goes on");
}

#[test]
fn a_late_host_is_told_of_the_underrun_once() {
    let mut rig = Rig::online();
    rig.expect("AT+VTX\r", "\r\nCONNECT\r\n");
    assert_text(&rig.run(500), "");
    rig.send([0x80; 80]);
    assert_text(&rig.run(500), "\x10u");
    rig.send([0x80; 80]);
    rig.send([0x10, 0x03]);
    assert_text(&rig.run(500), "\r\nOK\r\n");
}

#[test]
fn cancel_forgets_what_waits_and_does_not_end() {
    let mut rig = Rig::online();
    rig.expect("AT+VTX\r", "\r\nCONNECT\r\n");
    rig.send([0xff; 2_000]);
    rig.run(20);
    rig.said.clear();
    rig.send([0x10, 0x18]);
    assert_text(&rig.run(200), "");
    assert!(rig.said[40..].iter().all(|s| *s == 0));
    rig.send([0x10, 0x03]);
    assert_text(&rig.run(20), "\r\nOK\r\n");
}

#[test]
fn the_host_is_held_back_to_the_speed_of_the_line() {
    let mut rig = Rig::online();
    rig.expect("AT+VTX\r", "\r\nCONNECT\r\n");
    let mut sent = 0;
    for _ in 0..400 {
        let room = rig.modem.room();
        rig.send(vec![0x80; room]);
        sent += room;
        rig.step();
    }
    // Two seconds of sound, and the buffer.
    assert!((16_000..=16_000 + stream::PLAY_MAX).contains(&sent), "{sent}");
    assert_text(&rig.take(), "");
}

#[test]
fn xon_and_xoff_hold_the_host_where_they_are_chosen() {
    let mut rig = Rig::online();
    rig.expect("AT+FLO=1;+VTX\r", "\r\nCONNECT\r\n");
    rig.send([0x80; 2_000]);
    assert_eq!(rig.run(20), [0x13]);
    assert_eq!(rig.run(300), [0x11, 0x10, b'u']);
    rig.said.clear();
    rig.send([0x11, 0x13, 0x10, b'Q', 0x10, b'S', 0x10, 0x03]);
    assert_text(&rig.run(20), "\r\nOK\r\n");
    assert_eq!(rig.said[..3], [-0x6f00, -0x6d00, 0]);
}

#[test]
fn the_host_holds_a_recording_with_xoff() {
    let mut rig = Rig::online();
    rig.expect("AT+VSM=129;+IFC=1,0\r", "\r\nOK\r\n");
    rig.start("AT+VRX\r");
    rig.send([0x13]);
    rig.step();
    rig.take();
    assert_text(&rig.run(100), "");
    rig.send([0x11]);
    assert_eq!(unshield(&rig.run(20)).0.len(), 2 * (40 + 800 + 160));
    // Samples that look like XON and XOFF are shielded.
    rig.tone = Some(TonePlayer::fixed(&[997.0], 3.0, None));
    let got = rig.run(500);
    assert!(!got.contains(&0x11) && !got.contains(&0x13));
    assert!(got.windows(2).any(|w| w == [0x10, b'Q']) && got.windows(2).any(|w| w == [0x10, b'S']));
}

#[test]
fn what_the_line_says_is_recorded_shielded() {
    let mut rig = Rig::online();
    rig.tone = Some(TonePlayer::fixed(&[997.0], 3.0, None));
    rig.start("AT+VSM=128,8000;+VRX\r");
    let got = rig.run(500);
    let (data, events, _) = unshield(&got);
    assert_eq!(data.len(), 4_000);
    assert!(data.contains(&0x10), "a loud sine goes through 0x10");
    assert!(got.windows(2).filter(|w| *w == [0x10, 0x10]).count() >= data.iter().filter(|b| **b == 0x10).count());
    assert_eq!(events, []);
    // A sine of full scale has its power.
    let power: f64 = data.iter().map(|b| f64::from(i16::from(*b) - 128).powi(2)).sum::<f64>() / data.len() as f64;
    assert!((power.sqrt() - 128.0 * 0.7).abs() < 3.0, "{power}");
    rig.send([0x10, b'!']);
    let got = rig.run(50);
    let (_, _, end) = unshield(&got);
    assert_text(&got[end..], "\r\nOK\r\n");
    rig.expect("AT\r", "\r\nOK\r\n");
}

#[test]
fn escape_ends_recording_and_cancel_does_not() {
    let mut rig = Rig::online();
    rig.start("AT+VRX\r");
    rig.send([0x10, 0x18, b'A', b'T', 13]);
    let got = rig.run(100);
    assert_eq!(unshield(&got).0.len(), 800);
    rig.send([0x10, 0x1b]);
    let got = rig.run(20);
    assert!(got.ends_with(b"\x10\x03\r\nOK\r\n"));
}

#[test]
fn a_host_that_does_not_read_is_told_of_the_overrun() {
    let mut rig = Rig::online();
    rig.start("AT+VSD=0;+VRX\r");
    for _ in 0..400 {
        rig.step();
    }
    let got = rig.take();
    let (data, events, _) = unshield(&got);
    assert_eq!(events, [b'o']);
    assert_eq!(data.len() as u64 + rig.modem.lost(), 16_000);
    rig.run(20);
    rig.send([0x10, b'!']);
    rig.run_until("\r\nOK\r\n", 100);
}

#[test]
fn duplex_plays_and_records_at_once() {
    let mut rig = Rig::online();
    rig.start("AT+VTR\r");
    rig.said.clear();
    rig.send([0xff; 80]);
    let got = rig.run(20);
    let (data, events, _) = unshield(&got);
    assert_eq!((data.len(), events), (160, vec![b'u']));
    assert_eq!(rig.said[..80], [0x7f00; 80]);
    rig.send([0x10, b'^']);
    assert!(rig.run(20).ends_with(b"\x10\x03\r\nOK\r\n"));
    let mut rig = Rig::with(&SILENT);
    rig.expect("ATE0+FCLASS=8;+VLS=1;+VTR\r", "ATE0+FCLASS=8;+VLS=1;+VTR\r\r\nERROR\r\n");
}

#[test]
fn streams_need_a_device() {
    let mut rig = Rig::voice();
    rig.expect("AT+VTX\r", "\r\nERROR\r\n");
    rig.expect("AT+VRX\r", "\r\nERROR\r\n");
    rig.expect("AT+VLS=4;+VRX\r", "\r\nERROR\r\n");
    rig.start("AT+VLS=6;+VRX\r");
    assert!(!rig.off_hook);
    let (data, _, _) = unshield(&rig.run(100));
    assert_eq!(data, [0x80; 800], "nobody speaks into the microphone");
}

#[test]
fn silence_and_quiet_end_recordings() {
    let mut rig = Rig::online();
    rig.start("AT+VSD=128,20;+VRX\r");
    let (_, events, _) = unshield(&rig.run(5_000));
    assert_eq!(events, [b's']);
    rig.tone = Some(TonePlayer::fixed(&[1000.0], -20.0, None));
    rig.run(200);
    rig.tone = None;
    let (_, events, _) = unshield(&rig.run(1_900));
    assert!(!events.contains(&b'q'));
    let (_, events, _) = unshield(&rig.run(200));
    assert_eq!(events, [b'q']);
}

#[test]
fn digits_are_told_shielded_in_every_state() {
    let ms = Duration::from_millis;
    let mut rig = Rig::online();
    rig.digits.push(b'5', ms(100), ms(100));
    rig.digits.push(b'#', ms(100), ms(100));
    assert_text(&rig.run(500), "\x10/\x105\x10~\x10/\x10#\x10~");
    rig.expect("AT+VTX\r", "\r\nCONNECT\r\n");
    rig.digits.push(b'7', ms(100), ms(100));
    assert_text(&rig.run(300), "\x10/\x107\x10~");
    rig.send([0x10, b'/']);
    rig.digits.push(b'8', ms(100), ms(100));
    assert_text(&rig.run(300), "");
    rig.send([0x10, b'~', 0x10, 0x03]);
    assert_text(&rig.run(20), "\r\nOK\r\n");
    rig.start("AT+VRX\r");
    rig.digits.push(b'D', ms(100), ms(100));
    let (_, events, _) = unshield(&rig.run(300));
    assert_eq!(events, *b"/D~");
}

#[test]
fn line_events_are_told_and_masked() {
    let mut rig = Rig::online();
    rig.run(50);
    rig.line.reversed = true;
    assert_text(&rig.run(100), "\x10L");
    rig.line.battery = false;
    assert_text(&rig.run(60), "");
    rig.line.battery = true;
    assert_text(&rig.run(60), "");
    rig.line.battery = false;
    assert_text(&rig.run(500), "\x10l");
    rig.line.battery = true;
    rig.run(100);
    assert!(rig.off_hook, "the host decides");
    // All but event 13.
    rig.expect("AT+VEM=FFFBFFFF\r", "\r\nOK\r\n");
    rig.line.battery = false;
    assert_text(&rig.run(500), "");
    rig.line.battery = true;
    rig.line.reversed = false;
    assert_text(&rig.run(100), "\x10L");
}

#[test]
fn tones_of_ones_own_end_with_ok() {
    let mut rig = Rig::online();
    rig.said.clear();
    rig.send("AT+VTS=[1000,,20],[,,10],{5,10}\r");
    let (got, took) = rig.run_until("\r\nOK\r\n", 2_000);
    assert_text(&got, "\r\nOK\r\n");
    assert!((460..=500).contains(&took), "{took}");
    // Frequency by zero crossings: 1000 Hz for 200 ms.
    let begin = rig.said.iter().position(|s| *s != 0).unwrap();
    let tone = &rig.said[begin..begin + 1_600];
    let rises = tone.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
    assert!((198..=201).contains(&rises), "{rises}");
    let level = tone.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / 1_600.0;
    assert!(level > 1e6);
    let mut receiver = dtmf::Receiver::new();
    let mut digits = Vec::new();
    rig.said.extend([0; 800]);
    receiver.process(&rig.said, &mut |e| {
        if e.edge == loopstart_signal::DigitEdge::Begin {
            digits.push(e.symbol);
        }
    });
    assert_eq!(digits, *b"5");
    rig.expect("AT+VTS=Z\r", "\r\nERROR\r\n");
    // What comes during the tones waits for their end.
    rig.send("AT+VTS=[1000,,20]\rATI6\r");
    assert_text(&rig.run(100), "");
    assert_text(&rig.run(200), "\r\nOK\r\n\r\nloopstart\r\n\r\nOK\r\n");
    rig.hooks.clear();
    rig.send("AT+VTS=!\r");
    rig.run_until("\r\nOK\r\n", 2_000);
    let [(open, false), (closed, true)] = rig.hooks[..] else { panic!("{:?}", rig.hooks) };
    assert!((closed - open).abs_diff(u64::try_from(US.flash.as_millis()).unwrap()) <= 5);
    rig.expect("AT+VLS=0\r", "\r\nOK\r\n");
    rig.expect("AT+VTS=5\r", "\r\nERROR\r\n");
}

#[test]
fn inactivity_hangs_up() {
    let mut rig = Rig::online();
    rig.expect("AT+VIT=3\r", "\r\nOK\r\n");
    assert_text(&rig.run(2_900), "");
    assert_text(&rig.run(200), "\r\nNO CARRIER\r\n");
    assert!(!rig.off_hook);
}
