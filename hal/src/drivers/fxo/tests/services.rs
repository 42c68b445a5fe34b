//! What goes on while a call is up: tones out and in, signs of what the far end is, flashes, call waiting, audio of programs.

use super::*;
use crate::drivers::audio::{AudioStream, Direction};
use crate::drivers::watch::ToneWatcher;
use loopstart_signal::generate::{Generator, Signal};
use loopstart_signal::{AnswerWitness, CallerId, Heed, Number, OutTone, PartyId, ToneKind, TonePart, WatchedTone, cas};
use std::fs::File;
use std::io::{Read, Write};

/// A source that is played to its end.
fn played(mut fill: impl FnMut(&mut [i16]), ms: usize) -> Source {
    let mut samples = vec![0; ms * 8];
    fill(&mut samples);
    Source::Played(samples.into())
}

fn signal(signal: Signal, ms: usize) -> Source {
    let mut generator: Generator = signal.generator(US, None).unwrap();
    played(|out| generator.mix(out), ms)
}

fn out_tone(tone: ToneKind, ms: Option<u64>) -> ActionKind {
    ActionKind::SendTone(OutTone { tone, duration: ms.map(Duration::from_millis) })
}

fn watch(bench: &mut Bench, tones: &[WatchedTone]) -> ActionId {
    let mut list = ToneWatch::default();
    tones.iter().for_each(|tone| assert!(list.push(*tone)));
    drop(bench.fxo.equip(Box::new(ToneWatcher::new(&list).unwrap())));
    bench.act(ActionKind::WatchTones(list))
}

fn count(said: &[LineEvent], event: LineEvent) -> usize {
    said.iter().filter(|e| **e == event).count()
}

fn level_of(samples: &[i16]) -> f32 {
    level::dbm0(samples.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / samples.len().max(1) as f32)
}

#[test]
fn a_tone_is_sent_and_ends_by_itself() {
    let mut bench = Bench::new();
    bench.answered();
    let listen = bench.act(ActionKind::Listen(Heed::all()));
    bench.channel.get().written.clear();
    let id = bench.act(out_tone(ToneKind::Beep, Some(500)));
    bench.run(400);
    assert_eq!(bench.take(), [ok(listen)]);
    bench.run(600);
    // Its echo is heard by nobody.
    assert_eq!(bench.take(), [ok(id)]);
    let written = bench.channel.get().written.clone();
    assert!((level_of(&written[160..4_000]) + 12.0).abs() < 0.5, "{}", level_of(&written[160..4_000]));
    assert!(written[4_160..].iter().all(|s| *s == 0));
}

#[test]
fn a_tone_without_end_lasts_until_it_is_cancelled() {
    let mut bench = Bench::new();
    bench.answered();
    let id = bench.act(out_tone(ToneKind::Busy, None));
    let digits = bench.act(send("1", DigitMode::Dtmf));
    bench.run(8_000);
    assert_eq!(bench.take(), []);
    let cancel = bench.act(ActionKind::CancelDigits);
    assert_eq!(bench.take(), [failed(id, Failure::Cancelled), failed(digits, Failure::Cancelled), ok(cancel)]);
    bench.channel.get().written.clear();
    bench.run(2_000);
    assert!(bench.channel.get().written.iter().all(|s| *s == 0));
    let part = TonePart { hz: 620, on_ms: 0, off_ms: 0, level_dbm0: -10.0 };
    let id = bench.act(out_tone(ToneKind::Custom([part; 4]), None));
    bench.run(1_000);
    let release = bench.act(ActionKind::Release);
    assert_eq!(bench.take(), [failed(id, Failure::Cancelled), LineEvent::OnHook, ok(release)]);
}

#[test]
fn a_tone_needs_a_call_and_must_be_one() {
    let mut bench = Bench::new();
    let id = bench.act(out_tone(ToneKind::Beep, Some(100)));
    assert_eq!(bench.take(), [failed(id, Failure::WrongState)]);
    bench.answered();
    let id = bench.act(out_tone(ToneKind::Custom([TonePart::default(); 4]), Some(100)));
    assert_eq!(bench.take(), [failed(id, Failure::Refused)]);
    bench.event(FxoEvent::OnHook);
    let id = bench.act(out_tone(ToneKind::Beep, Some(100)));
    let said = bench.take();
    assert!(said.contains(&failed(id, Failure::Released)), "{said:?}");
}

#[test]
fn tones_of_the_list_are_told_and_no_others() {
    let mut bench = Bench::new();
    bench.answered();
    let tones =
        [WatchedTone { hz: [1_000, 0, 0], duration_ms: 300 }, WatchedTone { hz: [600, 900, 0], duration_ms: 200 }];
    let id = watch(&mut bench, &tones);
    assert_eq!(bench.take(), [ok(id)]);
    bench.source = Source::Tone(TonePlayer::fixed(&[600.0, 900.0], -15.0, Some(Duration::from_millis(400))));
    bench.run(1_000);
    assert_eq!(bench.take(), [LineEvent::CustomTone(1)]);
    bench.source = Source::Tone(TonePlayer::fixed(&[1_000.0], -15.0, Some(Duration::from_millis(200))));
    bench.run(1_000);
    assert_eq!(bench.take(), [], "too short");
    // Another list, then none.
    let id = watch(&mut bench, &[WatchedTone { hz: [1_000, 0, 0], duration_ms: 100 }]);
    bench.source = Source::Tone(TonePlayer::fixed(&[1_000.0], -15.0, Some(Duration::from_millis(200))));
    bench.run(1_000);
    assert_eq!(bench.take(), [ok(id), LineEvent::CustomTone(0)]);
    let id = bench.act(ActionKind::WatchTones(ToneWatch::default()));
    bench.source = Source::Tone(TonePlayer::fixed(&[1_000.0], -15.0, Some(Duration::from_millis(200))));
    bench.run(1_000);
    assert_eq!(bench.take(), [ok(id)]);
    let mut unknown = ToneWatch::default();
    assert!(unknown.push(WatchedTone { hz: [700, 0, 0], duration_ms: 0 }));
    let id = bench.act(ActionKind::WatchTones(unknown));
    assert_eq!(bench.take(), [failed(id, Failure::Refused)], "nothing was made for it");
}

#[test]
fn what_the_far_end_is_is_told_when_asked() {
    for (source, sign) in [
        (Signal::Cng, MediaSign::FaxCalling),
        (Signal::Ced, MediaSign::FaxAnswer),
        (Signal::AnsAm, MediaSign::Modem),
        (Signal::Tty, MediaSign::Tty),
    ] {
        let mut bench = Bench::new();
        bench.answered();
        bench.source = signal(source, 3_000);
        bench.run(4_000);
        let said = bench.take();
        assert!(!said.iter().any(|e| matches!(e, LineEvent::Media(_))), "nobody asked: {said:?}");
        let id = bench.act(ActionKind::Listen(Heed::MEDIA));
        bench.source = signal(source, 3_000);
        bench.run(4_000);
        let said = bench.take();
        assert!(said.contains(&ok(id)) && said.contains(&LineEvent::Media(sign)), "{source:?}: {said:?}");
    }
}

#[test]
fn voices_and_silence_are_told_when_asked() {
    let mut bench = Bench::new();
    bench.answered();
    bench.act(ActionKind::Listen(Heed::MEDIA));
    bench.run(7_000);
    let said = bench.take();
    assert_eq!(count(&said, LineEvent::Media(MediaSign::Silence)), 1, "once for each silence: {said:?}");
    bench.source = Source::Voice(0);
    bench.run(6_000);
    let said = bench.take();
    assert!(count(&said, LineEvent::Media(MediaSign::Voice)) >= 1, "{said:?}");
    bench.source = Source::Silence;
    bench.run(4_000);
    assert_eq!(count(&bench.take(), LineEvent::Media(MediaSign::Silence)), 1);
}

#[test]
fn pulse_digits_are_told_by_their_clicks_when_asked() {
    let mut clicks = vec![0i16; 8_000];
    for pulse in 0..4 {
        // A make and a break 61 ms later, as a far dial sounds after the network has filtered it.
        for at in [pulse * 800 + 800, pulse * 800 + 800 + 488] {
            for i in 0..24 {
                let decay = (-(i as f32) / 5.0).exp();
                clicks[at + i] = (9_000.0 * decay * (i as f32 * 1.1).cos()) as i16;
            }
        }
    }
    let mut bench = Bench::new();
    bench.answered();
    bench.act(ActionKind::Listen(Heed::PULSES));
    bench.take();
    bench.source = Source::Played(clicks.into());
    bench.run(3_000);
    let digit = |edge| LineEvent::Digit(Digit { symbol: b'4', mode: DigitMode::Pulse, edge });
    assert_eq!(bench.take(), [digit(DigitEdge::Begin), digit(DigitEdge::End)]);
}

#[test]
fn after_a_flash_dial_tone_is_told_again_and_says_nothing_of_the_call_before() {
    let mut bench = Bench::new();
    bench.originate();
    bench.tone(US.ringback);
    bench.run(3_000);
    assert_eq!(bench.take(), [LineEvent::Tone(ProgressTone::Ringback)]);
    let id = bench.act(ActionKind::Flash(Duration::from_millis(500)));
    bench.source = Source::Silence;
    bench.run(1_000);
    assert_eq!(bench.take(), [LineEvent::ToneEnded, ok(id)], "the end of ringback is no answer");
    bench.tone(US.stutter);
    bench.run(2_500);
    let said = bench.take();
    assert!(said.contains(&LineEvent::Tone(ProgressTone::StutterDial)), "{said:?}");
    // A voice: an announcement, or the held party; not the answer of the first call.
    bench.source = Source::Voice(0);
    bench.run(2_000);
    let said = bench.take();
    assert!(!said.iter().any(|e| matches!(e, LineEvent::Answered(_))), "{said:?}");
    let id = bench.act(ActionKind::Flash(Duration::from_millis(500)));
    bench.run(600);
    bench.tone(US.dial);
    bench.run(2_000);
    let said = bench.take();
    assert!(said.contains(&ok(id)) && said.contains(&LineEvent::Tone(ProgressTone::Dial)), "{said:?}");
    // The consultation call has its own watch.
    let id = bench.dial("5550122");
    bench.run(100);
    bench.source = Source::Silence;
    bench.run(3_000);
    bench.tone(US.ringback);
    bench.run(3_000);
    bench.source = Source::Voice(0);
    bench.run(2_000);
    let said = bench.take();
    assert_eq!(said.first(), Some(&LineEvent::Dialing), "at once: {said:?}");
    assert!(said.contains(&ok(id)));
    assert_eq!(said.iter().filter(|e| matches!(e, LineEvent::Answered(_))).count(), 1, "{said:?}");
}

#[test]
fn tones_during_an_established_call_are_told() {
    let mut bench = Bench::new();
    bench.answered();
    for (segments, tone) in [
        (US.dial, ProgressTone::Dial),
        (US.stutter, ProgressTone::StutterDial),
        (US.busy, ProgressTone::Busy),
        (US.reorder, ProgressTone::Reorder),
        (US.ringback, ProgressTone::Ringback),
        (US.confirmation, ProgressTone::Confirmation),
    ] {
        bench.tone(segments);
        bench.run(6_000);
        bench.source = Source::Silence;
        bench.run(4_000);
        let said = bench.take();
        assert_eq!(count(&said, LineEvent::Tone(tone)), 1, "{tone:?}: {said:?}");
        assert_eq!(said.iter().filter(|e| matches!(e, LineEvent::Tone(_))).count(), 1, "{tone:?}: {said:?}");
    }
}

#[test]
fn ringing_that_begins_right_after_hanging_up_is_told_by_its_end_and_answered() {
    let mut bench = Bench::new();
    bench.answered();
    bench.act(ActionKind::Release);
    bench.take();
    // The channel does not tell the beginning 0.5 s later, only the end.
    bench.run(2_500);
    assert_eq!(bench.take(), []);
    bench.event(FxoEvent::RingOffHook);
    assert_eq!(bench.take(), [LineEvent::Ring { pattern: 1 }]);
    bench.run(1_000);
    let id = bench.act(ActionKind::Answer);
    assert_eq!(bench.take(), [LineEvent::OffHook, ok(id)]);
}

/// The announcement of a second call; with the alerting tone where there is identification.
pub(super) fn announcement(alert: bool) -> Source {
    let mut samples = vec![0; 8 * 420];
    TonePlayer::fixed(&[440.0], -13.0, Some(Duration::from_millis(300))).mix(&mut samples[..2_400]);
    if alert {
        let mut sender = cas::Sender::new(-18.0);
        sender.start(cas::Sender::OFF_HOOK);
        sender.mix(&mut samples[2_480..]);
    }
    Source::Played(samples.into())
}

fn second_caller() -> CallerId {
    CallerId { number: PartyId::Known(Number::new("5550177")), ..CallerId::default() }
}

/// Runs until the acknowledgement is out; answers when that was, in ms.
fn until_acknowledged(bench: &mut Bench) -> u64 {
    for ms in (0..1_000).step_by(20) {
        bench.run(20);
        if bench.dialled() == "D" && bench.channel.get().written.iter().rev().take(BLOCK).all(|s| *s == 0) {
            return ms;
        }
    }
    panic!("no acknowledgement: {:?}", bench.take());
}

#[test]
fn a_second_call_is_announced_and_its_caller_told() {
    let mut bench = Bench::new();
    bench.answered();
    let (mut reader, mut writer) = (open(&mut bench, Direction::FromLine), open(&mut bench, Direction::ToLine));
    bench.channel.get().written.clear();
    bench.source = announcement(true);
    until_acknowledged(&mut bench);
    assert_eq!(bench.take(), [LineEvent::CallWaiting]);
    let mut sender = fsk::Sender::new(fsk::BELL202, -16.0);
    assert!(sender.load(cid::Frame::from_caller_id(&second_caller()).bytes(), 0, cid::OFF_HOOK_MARK_BITS));
    writer.write_all(&[0x11; 320]).unwrap();
    read_all(&mut reader);
    // As late as the exchange may be with it.
    bench.run(300);
    bench.source = Source::Caller(sender);
    bench.run(100);
    // Neither side hears the other, and a digit has to wait.
    assert!(read_all(&mut reader).iter().all(|s| *s == 0), "the data is not for the listener");
    let digits = bench.act(send("1", DigitMode::Dtmf));
    bench.run(1_500);
    assert_eq!(bench.take(), [LineEvent::CallerId(second_caller()), ok(digits)]);
    assert_eq!(bench.dialled(), "D1");
    bench.source = Source::Voice(0);
    bench.run(400);
    assert!(read_all(&mut reader).iter().any(|s| *s != 0), "and now the call goes on");
    // 10 s later it is announced again.
    bench.source = Source::Silence;
    bench.run(8_000);
    bench.source = announcement(false);
    bench.run(3_000);
    assert_eq!(bench.take(), [LineEvent::CallWaiting]);
}

#[test]
fn without_identification_the_call_goes_on_soon() {
    let mut bench = Bench::new();
    bench.answered();
    bench.channel.get().written.clear();
    bench.source = announcement(true);
    until_acknowledged(&mut bench);
    bench.run(700);
    let digits = bench.act(send("2", DigitMode::Dtmf));
    bench.run(1_000);
    assert_eq!(bench.take(), [LineEvent::CallWaiting, ok(digits)]);
    // Nothing of this happens to a line that is gone meanwhile.
    bench.run(8_000);
    bench.channel.get().written.clear();
    bench.source = announcement(true);
    until_acknowledged(&mut bench);
    let release = bench.act(ActionKind::Release);
    bench.run(2_000);
    assert_eq!(bench.take(), [LineEvent::CallWaiting, LineEvent::OnHook, ok(release)]);
}

fn open(bench: &mut Bench, direction: Direction) -> File {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let streams = bench.fxo.audio().expect("streams");
    let opened: Option<(_, AudioStream)> = streams.gate().open(1, direction, false).unwrap();
    let (theirs, ours) = opened.expect("a place");
    streams.attach(ours);
    fcntl(&theirs, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    File::from(theirs)
}

fn read_all(file: &mut File) -> Vec<i16> {
    let (mut all, mut part) = (Vec::new(), [0; 4_096]);
    while let Ok(n @ 1..) = file.read(&mut part) {
        all.extend(part[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
    }
    all
}

#[test]
fn programs_hear_and_speak_while_the_line_is_off_hook() {
    let mut bench = Bench::new();
    let mut reader = open(&mut bench, Direction::FromLine);
    bench.source = Source::Voice(0);
    bench.run(200);
    assert_eq!(read_all(&mut reader), [], "on hook nothing is heard");
    bench.source = Source::Silence;
    bench.answered();
    let mut writer = open(&mut bench, Direction::ToLine);
    // What came while nobody read.
    for _ in 0..10 {
        read_all(&mut reader);
        bench.run(20);
    }
    read_all(&mut reader);
    bench.channel.get().written.clear();
    bench.source = Source::Voice(0);
    let said: Vec<i16> = (0..1_600).map(|i| 10 + i % 50).collect();
    writer.write_all(&said.iter().flat_map(|s| s.to_ne_bytes()).collect::<Vec<_>>()).unwrap();
    bench.run(400);
    let written = bench.channel.get().written.clone();
    assert_eq!(written[..1_600], said);
    assert!(written[1_600..].iter().all(|s| *s == 0));
    let heard = read_all(&mut reader);
    assert_eq!(heard.len(), 3_200);
    assert!(level_of(&heard) > -25.0);
    bench.source = Source::Silence;
    bench.act(ActionKind::Release);
    bench.run(100);
    read_all(&mut reader);
    writer.write_all(&[1, 1]).unwrap();
    bench.source = Source::Voice(0);
    bench.run(200);
    assert_eq!(read_all(&mut reader), []);
    assert!(bench.channel.get().written.iter().all(|s| *s == 0));
}

#[test]
fn what_programs_say_is_no_answer_and_digits_are_heard_over_it() {
    let mut bench = Bench::new();
    bench.originate();
    let mut writer = open(&mut bench, Direction::ToLine);
    bench.act(ActionKind::Listen(Heed::DTMF));
    bench.take();
    // Our own voice, which the hybrid returns.
    let mut at = 0;
    let mut speak = |bench: &mut Bench, blocks: usize| {
        for _ in 0..blocks {
            let block: Vec<u8> = (at..at + 160).flat_map(|t| voice(t).to_ne_bytes()).collect();
            at += 160;
            writer.write_all(&block).unwrap();
            bench.run(20);
        }
    };
    speak(&mut bench, 150);
    assert_eq!(bench.take(), []);
    let mut far = dtmf::Sender::new(-8.0);
    assert!(far.push(b'5', Duration::from_millis(120), Duration::from_millis(60)));
    bench.source = Source::Digits(far);
    speak(&mut bench, 20);
    let digit = |edge| LineEvent::Digit(Digit { symbol: b'5', mode: DigitMode::Dtmf, edge });
    let said = bench.take();
    assert!(said.contains(&LineEvent::Answered(AnswerWitness::Voice)), "only somebody who answered sends digits");
    assert!(said.contains(&digit(DigitEdge::Begin)) && said.contains(&digit(DigitEdge::End)), "{said:?}");
}
