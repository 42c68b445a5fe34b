//! The dialogue of V.250.

use super::*;

#[test]
fn answers_are_framed_as_the_verbose_and_echo_settings_say() {
    let mut rig = Rig::new();
    rig.expect("AT\r", "AT\r\r\nOK\r\n");
    rig.expect("ATI3\r", &format!("ATI3\r\r\n{}\r\n\r\nOK\r\n", STANDARD.revision));
    rig.expect("at e0\r\n", "at e0\r\r\nOK\r\n");
    rig.expect("ATV0\r", "0\r");
    rig.expect("ATS3?\r", "013\r\n0\r");
    rig.expect("ATY9\r", "4\r");
    rig.expect("ATV1Q1\r", "");
    rig.expect("ATI0\r", "\r\nEmulated V.253 voice modem\r\n");
    rig.expect("ATQ0\r", "\r\nOK\r\n");
    rig.expect("ATI0I3\r", &format!("\r\nEmulated V.253 voice modem\r\n\r\n{}\r\n\r\nOK\r\n", STANDARD.revision));
    rig.expect("ATV0I0I3\r", &format!("Emulated V.253 voice modem\r\n{}\r\n0\r", STANDARD.revision));
}

#[test]
fn the_framing_characters_are_those_of_the_registers() {
    let mut rig = Rig::quiet();
    rig.expect("ATS3=30S4=31\r", "\x1e\x1fOK\x1e\x1f");
    rig.expect("ATS5=42\x1e", "\x1e\x1fOK\x1e\x1f");
    rig.expect("ATI7*3S3=13S4=10\x1e", &format!("\x1e\x1f{}\x1e\x1f\r\nOK\r\n", STANDARD.revision));
    rig.expect("ATS5?\r", "\r\n042\r\n\r\nOK\r\n");
}

#[test]
fn a_faulty_command_ends_the_line_and_undoes_nothing() {
    let mut rig = Rig::quiet();
    rig.expect("ATS0=3+NONE;S0=5\r", "\r\nERROR\r\n");
    rig.expect("ATS0?\r", "\r\n003\r\n\r\nOK\r\n");
    rig.expect("ATS1=3\r", "\r\nERROR\r\n");
    rig.expect("ATS3=128\r", "\r\nERROR\r\n");
    rig.expect("ATS99?\r", "\r\nERROR\r\n");
    rig.expect("ATE2\r", "\r\nERROR\r\n");
    rig.expect("ATI10\r", "\r\nERROR\r\n");
}

#[test]
fn a_slash_repeats_and_long_lines_are_an_error() {
    let mut rig = Rig::quiet();
    rig.expect("ATS0?\r", "\r\n000\r\n\r\nOK\r\n");
    rig.expect("A/", "\r\n000\r\n\r\nOK\r\n");
    let long = format!("AT{}\r", "E0".repeat(128));
    rig.expect(&long, "\r\nERROR\r\n");
    let longest = format!("AT{}E\r", "E0".repeat(127));
    rig.expect(&longest, "\r\nOK\r\n");
}

#[test]
fn bit_8_is_ignored_and_the_echo_is_what_came() {
    let mut rig = Rig::new();
    rig.send([b'A' | 0x80, b'T', 13 | 0x80]);
    assert_eq!(rig.run(10), [b'A' | 0x80, b'T', 13 | 0x80, 13, 10, b'O', b'K', 13, 10]);
}

#[test]
fn initialisation_strings_of_common_programs_work() {
    let mut rig = Rig::quiet();
    // minicom, vgetty, ncidd, and one that separates basic commands from extended ones.
    for init in [
        "AT S7=45 S0=0 L1 V1 X4 &c1 E0 Q0\r",
        "ATS0=0Q0&D3&C1\r",
        "AT Z S0=0 E0 V1 Q0\r\n",
        "ATE0V1Q0&D2&K3;+VCID=1\r",
        "ATE0L0M0X4&K3\\N3%C3&Q5\r",
    ] {
        rig.expect(init, "\r\nOK\r\n");
    }
    rig.expect("AT-SCID=1;+VCID=1\r", "\r\nERROR\r\n");
    rig.expect("ATE0V1Q0&D2&K3-NONE=1\r", "\r\nERROR\r\n");
}

#[test]
fn lines_that_come_together_are_answered_in_turn() {
    let mut rig = Rig::quiet();
    rig.expect("AT+GMI\rATS0?\rAT\r", "\r\nloopstart\r\n\r\nOK\r\n\r\n000\r\n\r\nOK\r\n\r\nOK\r\n");
}

#[test]
fn extended_commands_read_test_and_set() {
    let mut rig = Rig::quiet();
    let ok = |text: &str| format!("\r\n{text}\r\n\r\nOK\r\n");
    rig.expect("AT+FCLASS=?;+FCLASS?\r", "\r\n0,8\r\n\r\n0\r\n\r\nOK\r\n");
    rig.expect("AT+IPR?\r", &ok("+IPR: 0"));
    rig.expect("AT+IPR=115200;+IPR?\r", &ok("+IPR: 115200"));
    rig.expect("AT+IPR=7\r", "\r\nERROR\r\n");
    rig.expect("AT+IFC=1,;+IFC?\r", &ok("+IFC: 1,2"));
    rig.expect("AT+ICF=,1;+ICF?\r", &ok("+ICF: 3,1"));
    rig.expect("AT+ICF=9,1\r", "\r\nERROR\r\n");
    rig.expect("AT+ILRR=1;+ILRR?\r", &ok("+ILRR: 1"));
    rig.expect("AT+GCI=3d;+GCI?\r", &ok("+GCI: 3D"));
    rig.expect("AT+GCI=?\r", &ok("+GCI: (00-FF)"));
    rig.expect("AT+GCAP\r", &ok("+GCAP: +FCLASS, +V"));
    rig.expect("AT+VCID=?;+VCID=1;+VCID?\r", "\r\n(0-2)\r\n\r\n1\r\n\r\nOK\r\n");
    rig.expect("AT+VDR=1,5;+VDR?\r", &ok("1,5"));
    rig.expect("AT+VCID\r", "\r\nERROR\r\n");
    rig.expect("AT+FCLASS=1\r", "\r\nERROR\r\n");
    for outside in ["AT+VSM?", "AT+VLS=1", "AT+VTX", "AT+FLO=1"] {
        rig.expect(&format!("{outside}\r"), "\r\nERROR\r\n");
    }
    rig.expect("AT+FCLASS=8.0;+FCLASS?\r", &ok("8"));
    rig.expect("AT+VSD=129;+VSD?\r", &ok("129,50"));
    rig.expect("AT+VSD=1,2,3\r", "\r\nERROR\r\n");
    rig.expect("AT+VEM=80;+VEM?\r", &ok("00000080"));
    rig.expect("AT+VIP;+VSD?;+VEM?\r", "\r\n128,50\r\n\r\nFFFFFFFF\r\n\r\nOK\r\n");
    rig.expect("AT+VRA=30;+VRN=20;+VIT=9;+VNH=1;+VGR=120;+VGT=140;+VTD=12;+VPR=1152;+FLO=1\r", "\r\nOK\r\n");
    rig.expect("AT+VGT?\r", &ok("140"));
    rig.expect("AT+FCLASS=0;+FCLASS=8;+VGT?\r", &ok("128"));
}

#[test]
fn voice_formats_and_routes_are_told_by_name() {
    let mut rig = Rig::voice();
    rig.expect(
        "AT+VSM=?\r",
        "\r\n128,\"8-BIT LINEAR\",8,0,(8000),(0),(0)\r\n129,\"16-BIT LINEAR\",16,0,(8000),(0),(0)\r\n\
         0,\"SIGNED PCM\",8,0,(8000),(0),(0)\r\n1,\"UNSIGNED PCM\",8,0,(8000),(0),(0)\r\n\
         4,\"G.711U\",8,0,(8000),(0),(0)\r\n5,\"G.711A\",8,0,(8000),(0),(0)\r\n\
         130,\"ALAW\",8,0,(8000),(0),(0)\r\n131,\"ULAW\",8,0,(8000),(0),(0)\r\n\r\nOK\r\n",
    );
    rig.expect("AT+VSM=1,8000,0,0;+VSM?\r", "\r\n1,8000,0,0\r\n\r\nOK\r\n");
    rig.expect("AT+VSM=128,7200\r", "\r\nERROR\r\n");
    rig.expect("AT+VSM=77\r", "\r\nERROR\r\n");
    rig.expect("AT+VSM?\r", "\r\n1,8000,0,0\r\n\r\nOK\r\n");
    rig.send("AT+VLS=?\r");
    let got = rig.run(20);
    let text = String::from_utf8(got).unwrap();
    let lines: Vec<&str> = text.trim().split("\r\n").collect();
    assert_eq!(lines[0], "0,\"\",B0000000,B0000000,B0000000");
    assert!(lines[1].starts_with("1,\"T\","), "{text}");
    assert!(lines.iter().all(|l| l.is_empty() || *l == "OK" || l.split(',').count() == 5), "{text}");
    rig.expect("AT+VLS=2\r", "\r\nERROR\r\n");
    rig.expect("AT+VLS?\r", "\r\n0\r\n\r\nOK\r\n");
}

#[test]
fn settings_are_stored_recalled_and_shown() {
    let mut rig = Rig::quiet();
    rig.expect("ATS0=4+VCID=1;&W\r", "\r\nOK\r\n");
    rig.expect("AT&F\r", "\r\nOK\r\n");
    rig.expect("ATE0S0?+VCID?\r", "ATE0S0?+VCID?\r\r\n000\r\n\r\n0\r\n\r\nOK\r\n");
    rig.expect("ATZ\r", "\r\nOK\r\n");
    rig.expect("ATS0?+VCID?\r", "\r\n004\r\n\r\n1\r\n\r\nOK\r\n");
    rig.send("AT&V\r");
    let text = String::from_utf8(rig.run(20)).unwrap();
    assert!(text.contains("S00:004") && text.ends_with("\r\n\r\nOK\r\n"), "{text}");
}

#[test]
fn a_data_modem_has_no_voice() {
    let mut rig = Rig::with(&DATA_ONLY);
    rig.expect("ATE0+FCLASS=?\r", "ATE0+FCLASS=?\r\r\n0\r\n\r\nOK\r\n");
    for voice in ["AT+FCLASS=8", "AT+VCID=1", "AT+VSM=?", "AT+VLS=?"] {
        rig.expect(&format!("{voice}\r"), "\r\nERROR\r\n");
    }
}

#[test]
fn the_local_loop_is_data_state_and_the_escape_leaves_it() {
    let mut rig = Rig::quiet();
    rig.expect("ATO\r", "\r\nNO CARRIER\r\n");
    assert!(!rig.modem.carrier());
    rig.expect("AT&T1\r", "\r\nCONNECT\r\n");
    assert!(rig.modem.carrier());
    rig.expect("hello+++", "hello+++");
    assert_text(&rig.run(1500), "");
    rig.expect("AT\r", "AT\r");
    rig.run(1_100);
    rig.expect("+++", "+++");
    assert_text(&rig.run(900), "");
    assert_text(&rig.run(200), "\r\nOK\r\n");
    rig.expect("ATI6\r", "\r\nloopstart\r\n\r\nOK\r\n");
    rig.expect("ATO\r", "\r\nCONNECT\r\n");
    rig.run(1_100);
    rig.send("+++");
    rig.run_until("\r\nOK\r\n", 2_000);
    rig.expect("ATH\r", "\r\nOK\r\n");
    rig.expect("ATO\r", "\r\nNO CARRIER\r\n");
}

#[test]
fn the_loss_of_dtr_does_what_is_set() {
    let mut rig = Rig::online();
    rig.expect("AT&D0\r", "\r\nOK\r\n");
    rig.modem.set_dtr(false);
    rig.run(10);
    assert!(rig.off_hook);
    rig.expect("AT&D2S0=2\r", "\r\nOK\r\n");
    rig.modem.set_dtr(false);
    rig.run(10);
    assert!(!rig.off_hook);
    rig.expect("AT&D3S0?\r", "\r\n002\r\n\r\nOK\r\n");
    rig.modem.set_dtr(false);
    rig.expect("ATE0S0?\r", "ATE0S0?\r\r\n000\r\n\r\nOK\r\n");
}

#[test]
fn a_host_that_does_not_read_loses_no_result_and_costs_no_memory() {
    let mut rig = Rig::quiet();
    let mut sent = 0;
    for _ in 0..5_000 {
        if rig.modem.room() >= 6 {
            rig.send("ATI0\r");
            sent += 1;
        }
        rig.step();
    }
    assert!(sent < 2_000, "the host was stopped");
    let mut got = Vec::new();
    for _ in 0..5_000 {
        got.extend(rig.run(5));
    }
    assert_eq!(String::from_utf8(got).unwrap().matches("\r\nOK\r\n").count(), sent);
}
