//! Calls: dialling, ringing, answering.

use super::*;
use loopstart_signal::DigitEdge;
use loopstart_signal::country::US;

/// The digits in what the modem said.
fn digits(said: &[i16]) -> String {
    let mut receiver = dtmf::Receiver::new();
    let mut digits = String::new();
    let mut padded = said.to_vec();
    padded.extend([0; 800]);
    receiver.process(&padded, &mut |e| {
        if e.edge == DigitEdge::Begin {
            digits.push(char::from(e.symbol));
        }
    });
    digits
}

#[test]
fn ring_is_told_once_per_cycle() {
    let mut rig = Rig::quiet();
    assert_text(&rig.ring(4_000), "\r\nRING\r\n");
    assert_text(&rig.ring(4_000), "\r\nRING\r\n");
    rig.expect("ATS1?\r", "\r\n002\r\n\r\nOK\r\n");
    assert_text(&rig.run(12_000), "");
    rig.expect("ATS1?\r", "\r\n000\r\n\r\nOK\r\n");
    rig.expect("ATV0\r", "0\r");
    assert_text(&rig.ring(4_000), "2\r");
}

#[test]
fn a_double_burst_is_one_ring_and_a_spike_is_none() {
    let mut rig = Rig::quiet();
    let mut all = Vec::new();
    for (ringing, ms) in [(true, 400), (false, 200), (true, 400), (false, 2_000), (true, 50), (false, 1_000)] {
        rig.line.ringing = ringing;
        all.extend(rig.run(ms));
    }
    assert_text(&all, "\r\nRING\r\n");
}

#[test]
fn caller_identification_is_told_between_rings() {
    let mut rig = Rig::quiet();
    rig.expect("AT+VCID=1\r", "\r\nOK\r\n");
    assert_text(&rig.ring(500), "\r\nRING\r\n");
    rig.caller_id();
    assert_text(&rig.run(3_000), "\r\nDATE=1015\r\nTIME=2038\r\nNMBR=8475550001\r\nNAME=U.S.ROBOTICS\r\n");
    assert_text(&rig.ring(4_000), "\r\nRING\r\n");
    rig.expect("AT+VRID\r", "\r\nDATE=1015\r\nTIME=2038\r\nNMBR=8475550001\r\nNAME=U.S.ROBOTICS\r\n\r\nOK\r\n");
    let hex = "802401083130313532303338020A38343735353530303031070C552E532E524F424F5449435334";
    rig.expect("AT+VRID=1\r", &format!("\r\nMESG={hex}\r\n\r\nOK\r\n"));
    rig.run(8_000);
    rig.expect("AT+VCID=2\r", "\r\nOK\r\n");
    rig.ring(500);
    rig.caller_id();
    assert_text(&rig.run(3_000), &format!("\r\nMESG={hex}\r\n"));
    rig.run(8_000);
    rig.expect("AT+VCID=0\r", "\r\nOK\r\n");
    rig.ring(500);
    rig.caller_id();
    assert_text(&rig.run(3_000), "");
}

#[test]
fn in_class_8_rings_and_callers_are_events() {
    let mut rig = Rig::voice();
    rig.expect("AT+VCID=1\r", "\r\nOK\r\n");
    assert_text(&rig.ring(500), "\x10R");
    rig.caller_id();
    assert_text(&rig.run(3_000), "\x10X\r\nDATE=1015\r\nTIME=2038\r\nNMBR=8475550001\r\nNAME=U.S.ROBOTICS\r\n\x10.");
}

#[test]
fn the_ring_cadence_is_told_where_it_is_asked_for() {
    let mut rig = Rig::quiet();
    rig.expect("AT+VDR=1,0\r", "\r\nOK\r\n");
    assert_text(&rig.ring(4_000), "\r\nDRON=20\r\n");
    assert_text(&rig.ring(4_000), "\r\nDROF=40\r\n\r\nDRON=20\r\n");
    rig.run(10_000);
    rig.expect("AT+VDR=1,5\r", "\r\nOK\r\n");
    assert_text(&rig.ring(480), "\r\nDRON=20\r\n");
    assert_text(&rig.run(100), "\r\nRING\r\n");
}

#[test]
fn a_voice_call_is_answered_and_hung_up() {
    let mut rig = Rig::voice();
    rig.ring(500);
    rig.expect("AT+VLS=1\r", "\r\nOK\r\n");
    assert!(rig.off_hook);
    rig.expect("ATH\r", "\r\nOK\r\n");
    assert!(!rig.off_hook);
    // The loop stays open long enough for the exchange to see the end of the call.
    let (down, _) = *rig.hooks.last().unwrap();
    rig.send("ATA\r");
    rig.run_until("\r\nVCON\r\n", 3_000);
    let (up, _) = *rig.hooks.last().unwrap();
    assert!(rig.off_hook && up - down >= 1_600, "{:?}", rig.hooks);
}

#[test]
fn automatic_answer_counts_rings() {
    let mut rig = Rig::voice();
    rig.expect("ATS0=2\r", "\r\nOK\r\n");
    assert_text(&rig.ring(4_000), "\x10R");
    assert!(!rig.off_hook);
    rig.line.ringing = true;
    assert_text(&rig.run(300), "\x10R\r\nVCON\r\n");
    assert!(rig.off_hook);
}

#[test]
fn a_data_answer_sends_the_answer_tone_and_ends_in_no_carrier() {
    let mut rig = Rig::quiet();
    rig.expect("ATS7=8\r", "\r\nOK\r\n");
    rig.ring(500);
    rig.send("ATA\r");
    let (got, took) = rig.run_until("\r\nNO CARRIER\r\n", 20_000);
    assert_text(&got, "\r\nNO CARRIER\r\n");
    assert!((7_900..=8_100).contains(&took), "{took}");
    assert!(!rig.off_hook);
    // 2100 Hz from 2 s to 5.3 s.
    let sound = |ms: usize| rig.said[ms * 8..ms * 8 + 800].iter().any(|s| *s != 0);
    assert!(!sound(1_800) && sound(2_100) && sound(5_100) && !sound(5_500));
    let rises = rig.said[20_000..28_000].windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
    assert!((2_099..=2_101).contains(&rises), "{rises}");
}

#[test]
fn a_character_aborts_dialling_but_not_the_line_feed_of_the_command() {
    let mut rig = Rig::quiet();
    rig.send("ATX0S6=3DT5551212\r\n");
    assert_text(&rig.run(100), "");
    assert!(rig.off_hook);
    assert_text(&rig.run(100), "");
    rig.send(" ");
    assert_text(&rig.run(20), "\r\nNO CARRIER\r\n");
    assert!(!rig.off_hook);
}

#[test]
fn a_blind_dial_with_semicolon_returns_when_the_digits_are_out() {
    let mut rig = Rig::quiet();
    rig.send("ATX3S11=80DT555,12;I6\r");
    let (got, took) = rig.run_until("OK", 20_000);
    assert_text(&got, "\r\nloopstart\r\n\r\nOK\r\n");
    // S6, five digits of twice 80 ms, S8.
    assert!((4_750..=4_900).contains(&took), "{took}");
    assert!(rig.off_hook);
    assert_eq!(digits(&rig.said), "55512");
    // More digits: the line is there already.
    rig.said.clear();
    rig.run(20);
    rig.send("ATD*9A#;\r");
    rig.run_until("\r\nOK\r\n", 2_000);
    assert_eq!(digits(&rig.said), "*9A#");
    rig.said.clear();
    rig.send("ATDL;\r");
    rig.run_until("\r\nOK\r\n", 2_000);
    assert_eq!(digits(&rig.said), "*9A#");
    rig.said.clear();
    rig.expect("AT&Z2=T 77\r", "\r\nOK\r\n");
    rig.send("ATDS=2;\r");
    rig.run_until("\r\nOK\r\n", 2_000);
    assert_eq!(digits(&rig.said), "77");
    rig.expect("ATDS=4;\r", "\r\nERROR\r\n");
    rig.expect("ATH\r", "\r\nOK\r\n");
    assert!(!rig.off_hook);
}

#[test]
fn pulses_open_the_loop_and_a_flash_opens_it_longer() {
    let mut rig = Rig::quiet();
    rig.send("ATX0DP30!T;\r");
    rig.run_until("\r\nOK\r\n", 20_000);
    let opens: Vec<u64> = rig.hooks.windows(2).filter(|w| !w[0].1 && w[1].1).map(|w| w[1].0 - w[0].0).collect();
    assert_eq!(opens.len(), 14, "{opens:?}");
    assert!(opens[..13].iter().all(|ms| (55..=65).contains(ms)), "{opens:?}");
    assert_eq!(opens[13], u64::try_from(US.flash.as_millis()).unwrap());
}

#[test]
fn without_dial_tone_nothing_is_dialled() {
    let mut rig = Rig::quiet();
    rig.send("ATX4DT5551212\r");
    let (got, took) = rig.run_until("\r\nNO DIALTONE\r\n", 20_000);
    assert_text(&got, "\r\nNO DIALTONE\r\n");
    assert!((5_900..=6_100).contains(&took), "{took}");
    assert!(!rig.off_hook);
    assert_eq!(digits(&rig.said), "");
}

#[test]
fn dial_tone_that_was_there_before_the_command_is_dial_tone() {
    let mut rig = Rig::online();
    rig.play(US.dial);
    rig.run(6_000);
    rig.send("ATDT55;\r");
    rig.run_until("\r\nOK\r\n", 2_000);
    assert_eq!(digits(&rig.said), "55");
    rig.tone = None;
    // In a call there is no dial tone to wait for.
    rig.send("ATDT66;\r");
    rig.run_until("\r\nOK\r\n", 2_000);
    assert_eq!(digits(&rig.said), "5566");
}

#[test]
fn dial_tone_is_known_in_every_country() {
    let mut deaf = Vec::new();
    for country in loopstart_signal::country::all() {
        let mut rig = Rig::within(&STANDARD, country);
        rig.expect("ATE0\r", "ATE0\r\r\nOK\r\n");
        rig.tone = Some(TonePlayer::new(country.dial, country.levels.dial));
        rig.send("ATDT55;\r");
        if !rig.run(12_000).ends_with(b"\r\nOK\r\n") {
            deaf.push(country.code);
        }
    }
    assert_eq!(deaf, [""; 0]);
}

/// Dials with dial tone; the line is silent from the first digit on.
fn dial(rig: &mut Rig, command: &str, number: &str) {
    rig.play(US.dial);
    rig.send(command);
    let mut waited = 0;
    while digits(&rig.said).is_empty() {
        assert_text(&rig.run(50), "");
        waited += 50;
        assert!(waited < 10_000, "no digits");
    }
    rig.tone = None;
    // Ten digits a second at most.
    rig.run(number.len() as u64 * 200);
    assert_eq!(digits(&rig.said), number);
}

#[test]
fn dialling_waits_for_dial_tone() {
    let mut rig = Rig::quiet();
    rig.send("ATDT5551212;\r");
    rig.run(2_000);
    rig.play(US.dial);
    rig.run_until("\r\nOK\r\n", 8_000);
    assert_eq!(digits(&rig.said), "5551212");
}

#[test]
fn busy_and_reorder_end_a_call() {
    for tone in [US.busy, US.reorder] {
        for (class, hangs_up) in [("0", true), ("8", true), ("8;+VNH=2", false)] {
            let mut rig = Rig::quiet();
            rig.expect(&format!("AT+FCLASS={class}\r"), "\r\nOK\r\n");
            dial(&mut rig, "ATDT5551212\r", "5551212");
            rig.play(tone);
            let (got, _) = rig.run_until("\r\nBUSY\r\n", 8_000);
            assert_text(&got, "\r\nBUSY\r\n");
            rig.run(10);
            assert_eq!(!rig.off_hook, hangs_up);
        }
    }
}

#[test]
fn busy_is_not_told_below_x3() {
    let mut rig = Rig::quiet();
    rig.expect("ATX2S7=10\r", "\r\nOK\r\n");
    dial(&mut rig, "ATDT5551212\r", "5551212");
    rig.play(US.busy);
    let (got, took) = rig.run_until("\r\nNO CARRIER\r\n", 12_000);
    assert_text(&got, "\r\nNO CARRIER\r\n");
    assert!(took > 8_000);
}

#[test]
fn the_end_of_ringback_is_an_answer() {
    let mut rig = Rig::voice();
    dial(&mut rig, "ATDT5551212\r", "5551212");
    rig.play(US.ringback);
    let got = rig.run(14_200);
    // Three bursts, of which the first must be heard out.
    assert!(got == b"\x10r\x10r\x10r" || got == b"\x10r\x10r", "{got:?}");
    rig.tone = None;
    let (got, took) = rig.run_until("\r\nVCON\r\n", 8_000);
    assert_text(&got, "\r\nVCON\r\n");
    assert!((4_700..=5_000).contains(&took), "5 s after the last ringback: {took}");
    assert!(rig.off_hook);
    rig.expect("AT+VTX\r", "\r\nCONNECT\r\n");
}

#[test]
fn no_ringback_is_an_answer_too() {
    let mut rig = Rig::voice();
    rig.expect("AT+VRN=7\r", "\r\nOK\r\n");
    dial(&mut rig, "ATDT55\r", "55");
    let (_, took) = rig.run_until("\r\nVCON\r\n", 9_000);
    assert!((6_500..=7_100).contains(&took), "{took}");
}

#[test]
fn answer_supervision_and_answer_tones_are_answers() {
    let mut rig = Rig::voice();
    dial(&mut rig, "ATDT55\r", "55");
    rig.line.reversed = true;
    let got = rig.run(100);
    assert_text(&got, "\x10L\r\nVCON\r\n");
    let mut rig = Rig::voice();
    dial(&mut rig, "ATDT55\r", "55");
    rig.tone = Some(TonePlayer::fixed(&[2100.0], -15.0, None));
    let (_, took) = rig.run_until("\r\nVCON\r\n", 2_000);
    assert!(took < 600, "{took}");
}

#[test]
fn nobody_answers() {
    for (command, code) in [
        ("AT+FCLASS=8;S7=20;DT5551212\r", "\r\nNO ANSWER\r\n"),
        ("ATS7=20DT5551212@\r", "\r\nNO ANSWER\r\n"),
        ("ATS7=20DT5551212\r", "\r\nNO CARRIER\r\n"),
    ] {
        let mut rig = Rig::quiet();
        dial(&mut rig, command, "5551212");
        rig.play(US.ringback);
        let (_, took) = rig.run_until(code, 25_000);
        assert!((18_000..=20_100).contains(&took), "{command} {took}");
        rig.run(10);
        assert!(!rig.off_hook);
    }
}

#[test]
fn a_loop_interruption_while_waiting_ends_the_call() {
    let mut rig = Rig::voice();
    dial(&mut rig, "ATDT5551212\r", "5551212");
    rig.line.battery = false;
    let (got, _) = rig.run_until("\r\nNO CARRIER\r\n", 500);
    assert_text(&got, "\x10l\r\nNO CARRIER\r\n");
}

#[test]
fn a_modem_that_reports_nothing_says_ok_when_the_digits_are_out() {
    let mut rig = Rig::with(&SILENT);
    rig.expect("ATE0+FCLASS=8\r", "ATE0+FCLASS=8\r\r\nOK\r\n");
    rig.play(US.dial);
    rig.send("ATDT55\r");
    let (got, _) = rig.run_until("\r\nOK\r\n", 8_000);
    assert_text(&got, "\r\nOK\r\n");
    rig.play(US.busy);
    assert_text(&rig.run(10_000), "");
    rig.tone = None;
    rig.digits.push(b'1', Duration::from_millis(100), Duration::from_millis(100));
    assert_text(&rig.run(300), "\x10/\x101\x10~");
}

#[test]
fn tones_on_the_line_are_events_in_class_8() {
    let mut rig = Rig::online();
    rig.play(US.busy);
    assert_text(&rig.run(4_000), "\x10b");
    rig.play(US.reorder);
    assert_text(&rig.run(4_000), "\x10K");
    rig.play(US.dial);
    assert_text(&rig.run(4_000), "\x10d");
    rig.tone = Some(TonePlayer::fixed(&[1100.0], -15.0, Some(Duration::from_millis(500))));
    assert!(rig.run(2_000).starts_with(b"\x10c"));
}
