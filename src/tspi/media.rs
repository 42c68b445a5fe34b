//! What goes over a call: digits, tones and media, and the terminals it goes to.

use super::call::{alive, command};
use super::consts::*;
use super::line::all_bits;
use super::raw::Pointer;
use super::services::has_address;
use super::session::{call_handle, session};
use super::types::{
    DWORD, HDRVCALL, HDRVLINE, LINEGENERATETONE, LINEMEDIACONTROLCALLSTATE, LINEMEDIACONTROLDIGIT,
    LINEMEDIACONTROLMEDIA, LINEMEDIACONTROLTONE, LINEMONITORTONE, WCHAR,
};
use loopstart_provider::{
    Address, Command, DigitModes, GatherRequest, LineErr, MediaControl, MediaModes, RequestId, Scope,
};
use loopstart_signal::{DigitMode, MAX_TONE_PARTS, OutTone, ToneKind, TonePart, WatchedTone};
use std::time::Duration;

pub(crate) fn monitor_digits(call: HDRVCALL, modes: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::MonitorDigits { call, modes: DigitModes::from_bits_retain(modes) })
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn gather_digits(
    call: HDRVCALL,
    end_to_end: DWORD,
    modes: DWORD,
    buffer: Pointer<WCHAR>,
    count: DWORD,
    termination: Pointer<WCHAR>,
    first_timeout: DWORD,
    inter_timeout: DWORD,
) -> Result<(), LineErr> {
    let session = session()?;
    let call = call_handle(call)?;
    let line = session.query(|p| p.call_info(call))?.line;
    if buffer.is_null() {
        // Cancels; the message carries the number of the collection that ends.
        return command(Command::GatherDigits { call, end_to_end, gather: None });
    }
    if count == 0 {
        return Err(LineErr::INVALPARAM);
    }
    let termination = termination.text(LineErr::INVALDIGITS)?.unwrap_or_default().to_ascii_uppercase();
    if !termination.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#')) {
        return Err(LineErr::INVALDIGITS);
    }
    let gather = GatherRequest {
        modes: DigitModes::from_bits_retain(modes),
        count,
        termination: termination.into_bytes(),
        first_timeout: Duration::from_millis(first_timeout.into()),
        inter_timeout: Duration::from_millis(inter_timeout.into()),
    };
    let room = usize::try_from(count).map_err(|_| LineErr::INVALPARAM)?;
    session.host.gather(line, call, end_to_end, buffer, room, |token| {
        let command = Command::GatherDigits { call, end_to_end: token, gather: Some(gather) };
        session.runtime.command(command).map(|_| ())
    })
}

pub(crate) fn generate_digits(
    call: HDRVCALL,
    end_to_end: DWORD,
    mode: DWORD,
    digits: Pointer<WCHAR>,
    duration: DWORD,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    let digits = digits.text(LineErr::INVALDIGITS)?.map(Address);
    let mode = match mode {
        LINEDIGITMODE_DTMF => DigitMode::Dtmf,
        LINEDIGITMODE_PULSE => DigitMode::Pulse,
        // Cancelling needs no mode.
        _ if digits.is_none() => DigitMode::Dtmf,
        _ => return Err(LineErr::INVALDIGITMODE),
    };
    let duration = Duration::from_millis(duration.into());
    command(Command::GenerateDigits { call, end_to_end, mode, digits, duration })
}

pub(crate) fn set_media_mode(call: HDRVCALL, modes: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::SetMediaMode { call, modes: MediaModes::from_bits_retain(modes) })
}

pub(crate) fn generate_tone(
    call: HDRVCALL,
    end_to_end: DWORD,
    mode: DWORD,
    duration: DWORD,
    count: DWORD,
    parts: Pointer<LINEGENERATETONE>,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    let kind = match mode {
        // Cancels.
        0 => None,
        LINETONEMODE_RINGBACK => Some(ToneKind::Ringback),
        LINETONEMODE_BUSY => Some(ToneKind::Busy),
        LINETONEMODE_BEEP => Some(ToneKind::Beep),
        LINETONEMODE_BILLING => Some(ToneKind::Billing),
        LINETONEMODE_CUSTOM => {
            let parts = parts.required()?.list(count, LineErr::INVALTONE)?.unwrap_or_default();
            Some(ToneKind::Custom(tone_parts(&parts)?))
        }
        _ => return Err(LineErr::INVALTONEMODE),
    };
    let duration = (duration != 0).then(|| Duration::from_millis(duration.into()));
    let tone = kind.map(|tone| OutTone { tone, duration });
    command(Command::GenerateTone { call, end_to_end, tone })
}

/// Level of a component at the greatest volume: the nominal level of tones (ITU-T E.180, -10 dBm0). Four of them fit below
/// the overload point of G.711.
const FULL_VOLUME_DBM0: f32 = -10.0;
/// The greatest volume.
const FULL_VOLUME: DWORD = 0xffff;

fn tone_parts(given: &[LINEGENERATETONE]) -> Result<[TonePart; MAX_TONE_PARTS], LineErr> {
    let mut parts = [TonePart::default(); MAX_TONE_PARTS];
    if given.is_empty() || given.len() > parts.len() {
        return Err(LineErr::INVALTONE);
    }
    for (part, tone) in parts.iter_mut().zip(given) {
        let LINEGENERATETONE { dwFrequency, dwCadenceOn, dwCadenceOff, dwVolume } = *tone;
        let number = |n: DWORD| u16::try_from(n).map_err(|_| LineErr::INVALTONE);
        let (hz, on_ms, off_ms) = (number(dwFrequency)?, number(dwCadenceOn)?, number(dwCadenceOff)?);
        if dwVolume > FULL_VOLUME {
            return Err(LineErr::INVALTONE);
        }
        // A component that is never on, or without volume, is none; one that is never off is steady.
        if on_ms == 0 || dwVolume == 0 {
            continue;
        }
        let level_dbm0 = FULL_VOLUME_DBM0 + 20.0 * (dwVolume as f32 / FULL_VOLUME as f32).log10();
        *part = TonePart { hz, on_ms: if off_ms == 0 { 0 } else { on_ms }, off_ms, level_dbm0 };
    }
    Ok(parts)
}

fn watched(duration_ms: DWORD, hz: [DWORD; 3]) -> Option<WatchedTone> {
    let mut tone = WatchedTone { duration_ms, ..WatchedTone::default() };
    for (to, from) in tone.hz.iter_mut().zip(hz) {
        *to = u16::try_from(from).ok()?;
    }
    Some(tone)
}

pub(crate) fn monitor_tones(
    call: HDRVCALL,
    list: DWORD,
    tones: Pointer<LINEMONITORTONE>,
    count: DWORD,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    // More than the line can watch for the provider refuses; this is what no line could.
    let tones = tones.list(count, LineErr::INVALTONE)?;
    let tone = |tone: LINEMONITORTONE| {
        let LINEMONITORTONE { dwAppSpecific, dwDuration, dwFrequency1, dwFrequency2, dwFrequency3 } = tone;
        let tone = watched(dwDuration, [dwFrequency1, dwFrequency2, dwFrequency3]).ok_or(LineErr::INVALTONE)?;
        Ok((tone, dwAppSpecific))
    };
    let tones = tones.map(|tones| tones.into_iter().map(tone).collect::<Result<Vec<_>, _>>()).transpose()?;
    // A list without entries is no list.
    let tones = tones.filter(|tones| !tones.is_empty());
    command(Command::MonitorTones { call, list, tones })
}

pub(crate) fn monitor_media(call: HDRVCALL, modes: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    if modes & !all_bits("LINEMEDIAMODE") != 0 {
        return Err(LineErr::INVALMEDIAMODE);
    }
    command(Command::MonitorMedia { call, modes: MediaModes::from_bits_retain(modes) })
}

/// What a selector and its handles are for.
fn scope(select: DWORD, line: HDRVLINE, address: DWORD, call: HDRVCALL) -> Result<Scope, LineErr> {
    let session = session()?;
    match select {
        LINECALLSELECT_LINE => session.line(line).map(Scope::Line),
        LINECALLSELECT_ADDRESS => {
            let line = session.line(line)?;
            has_address(line, address).map(|address| Scope::Address(line, address))
        }
        LINECALLSELECT_CALL => alive(call).map(Scope::Call),
        _ => Err(LineErr::INVALCALLSELECT),
    }
}

/// One action of media control.
fn action(bits: DWORD, wrong: LineErr) -> Result<DWORD, LineErr> {
    let one = bits.count_ones() == 1 && bits & !all_bits("LINEMEDIACONTROL") == 0;
    if one { Ok(bits) } else { Err(wrong) }
}

/// Some bits of a group, and no others.
fn some_of(group: &str, bits: DWORD, wrong: LineErr) -> Result<DWORD, LineErr> {
    if bits != 0 && bits & !all_bits(group) == 0 { Ok(bits) } else { Err(wrong) }
}

fn control_digit(entry: LINEMEDIACONTROLDIGIT) -> Result<(u8, DigitModes, DWORD), LineErr> {
    const WRONG: LineErr = LineErr::INVALDIGITLIST;
    let LINEMEDIACONTROLDIGIT { dwDigit, dwDigitModes, dwMediaControl } = entry;
    let digit = u8::try_from(dwDigit).map_err(|_| WRONG)?.to_ascii_uppercase();
    if !matches!(digit, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#') {
        return Err(WRONG);
    }
    let modes = some_of("LINEDIGITMODE", dwDigitModes, WRONG)?;
    Ok((digit, DigitModes::from_bits_retain(modes), action(dwMediaControl, WRONG)?))
}

fn control_media(entry: LINEMEDIACONTROLMEDIA) -> Result<(MediaModes, Duration, DWORD), LineErr> {
    const WRONG: LineErr = LineErr::INVALMEDIALIST;
    let LINEMEDIACONTROLMEDIA { dwMediaModes, dwDuration, dwMediaControl } = entry;
    let modes = some_of("LINEMEDIAMODE", dwMediaModes, WRONG)?;
    let lasts = Duration::from_millis(dwDuration.into());
    Ok((MediaModes::from_bits_retain(modes), lasts, action(dwMediaControl, WRONG)?))
}

fn control_tone(entry: LINEMEDIACONTROLTONE) -> Result<(WatchedTone, DWORD), LineErr> {
    const WRONG: LineErr = LineErr::INVALTONELIST;
    let LINEMEDIACONTROLTONE { dwDuration, dwFrequency1, dwFrequency2, dwFrequency3, dwMediaControl, .. } = entry;
    let tone = watched(dwDuration, [dwFrequency1, dwFrequency2, dwFrequency3]).ok_or(WRONG)?;
    Ok((tone, action(dwMediaControl, WRONG)?))
}

fn control_state(entry: LINEMEDIACONTROLCALLSTATE) -> Result<(DWORD, DWORD), LineErr> {
    const WRONG: LineErr = LineErr::INVALCALLSTATELIST;
    let LINEMEDIACONTROLCALLSTATE { dwCallStates, dwMediaControl } = entry;
    Ok((some_of("LINECALLSTATE", dwCallStates, WRONG)?, action(dwMediaControl, WRONG)?))
}

/// A list of media control, each entry checked; an absent one is empty.
fn entries<T: Copy, R>(
    list: Pointer<T>,
    count: DWORD,
    wrong: LineErr,
    entry: impl Fn(T) -> Result<R, LineErr>,
) -> Result<Vec<R>, LineErr> {
    list.list(count, wrong)?.unwrap_or_default().into_iter().map(entry).collect()
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn set_media_control(
    line: HDRVLINE,
    address: DWORD,
    call: HDRVCALL,
    select: DWORD,
    digits: Pointer<LINEMEDIACONTROLDIGIT>,
    digit_count: DWORD,
    media: Pointer<LINEMEDIACONTROLMEDIA>,
    media_count: DWORD,
    tones: Pointer<LINEMEDIACONTROLTONE>,
    tone_count: DWORD,
    states: Pointer<LINEMEDIACONTROLCALLSTATE>,
    state_count: DWORD,
) -> Result<(), LineErr> {
    let scope = scope(select, line, address, call)?;
    let control = MediaControl {
        digits: entries(digits, digit_count, LineErr::INVALDIGITLIST, control_digit)?,
        media: entries(media, media_count, LineErr::INVALMEDIALIST, control_media)?,
        tones: entries(tones, tone_count, LineErr::INVALTONELIST, control_tone)?,
        states: entries(states, state_count, LineErr::INVALCALLSTATELIST, control_state)?,
    };
    command(Command::SetMediaControl { scope, control })
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn set_terminal(
    request: RequestId,
    line: HDRVLINE,
    address: DWORD,
    call: HDRVCALL,
    select: DWORD,
    modes: DWORD,
    terminal: DWORD,
    enable: DWORD,
) -> Result<(), LineErr> {
    let scope = scope(select, line, address, call)?;
    let modes = some_of("LINETERMMODE", modes, LineErr::INVALTERMINALMODE)?;
    command(Command::SetTerminal { request, scope, modes, terminal, enable: enable != 0 })
}

#[cfg(test)]
#[allow(non_snake_case)] // Closures that fill published members.
mod tests {
    use super::*;

    fn component(hz: u32, on: u32, off: u32, volume: u32) -> LINEGENERATETONE {
        LINEGENERATETONE { dwFrequency: hz, dwCadenceOn: on, dwCadenceOff: off, dwVolume: volume }
    }

    #[test]
    fn components_of_a_tone() {
        let parts = tone_parts(&[
            component(440, 1, 0, 0xffff),
            component(480, 2000, 4000, 0x8000),
            component(1000, 0, 0, 0xffff),
            component(1000, 1, 0, 0),
        ])
        .unwrap();
        assert_eq!(parts[0], TonePart { hz: 440, on_ms: 0, off_ms: 0, level_dbm0: -10.0 });
        assert_eq!((parts[1].hz, parts[1].on_ms, parts[1].off_ms), (480, 2000, 4000));
        assert!((parts[1].level_dbm0 - -16.02).abs() < 0.01, "half the volume is 6 dB less: {parts:?}");
        assert_eq!(parts[2..], [TonePart::default(); 2], "never on, and without volume");
        for wrong in [
            component(0x1_0000, 1, 1, 1),
            component(440, 0x1_0000, 1, 1),
            component(440, 1, 0x1_0000, 1),
            component(440, 1, 1, 0x1_0000),
        ] {
            assert_eq!(tone_parts(&[wrong]), Err(LineErr::INVALTONE));
        }
        assert_eq!(tone_parts(&[]), Err(LineErr::INVALTONE));
        assert_eq!(tone_parts(&[component(1, 1, 1, 1); MAX_TONE_PARTS + 1]), Err(LineErr::INVALTONE));
    }

    #[test]
    fn entries_of_media_control() {
        let digit = |dwDigit: u32, dwDigitModes, dwMediaControl| {
            control_digit(LINEMEDIACONTROLDIGIT { dwDigit, dwDigitModes, dwMediaControl })
        };
        assert_eq!(digit(b'a'.into(), 2, 0x10), Ok((b'A', DigitModes::DTMF, 0x10)));
        for (n, modes, control) in
            [(b'x'.into(), 2, 1), (0x131, 2, 1), (0x31, 0, 1), (0x31, 8, 1), (0x31, 2, 0), (0x31, 2, 3)]
        {
            assert_eq!(digit(n, modes, control), Err(LineErr::INVALDIGITLIST), "{n:#x} {modes} {control}");
        }
        let media = |dwMediaModes, dwMediaControl| {
            control_media(LINEMEDIACONTROLMEDIA { dwMediaModes, dwDuration: 1_500, dwMediaControl })
        };
        assert_eq!(media(0x20, 8), Ok((MediaModes::G3_FAX, Duration::from_millis(1_500), 8)));
        assert_eq!((media(1, 8), media(4, 0x800)), (Err(LineErr::INVALMEDIALIST), Err(LineErr::INVALMEDIALIST)));
        let tone = |dwFrequency1, dwMediaControl| {
            control_tone(LINEMEDIACONTROLTONE {
                dwAppSpecific: 0,
                dwDuration: 40,
                dwFrequency1,
                dwFrequency2: 0,
                dwFrequency3: 0,
                dwMediaControl,
            })
        };
        assert_eq!(tone(1100, 2), Ok((WatchedTone { hz: [1100, 0, 0], duration_ms: 40 }, 2)));
        assert_eq!((tone(70_000, 2), tone(1, 0)), (Err(LineErr::INVALTONELIST), Err(LineErr::INVALTONELIST)));
        let state =
            |dwCallStates, dwMediaControl| control_state(LINEMEDIACONTROLCALLSTATE { dwCallStates, dwMediaControl });
        assert_eq!(state(LINECALLSTATE_CONNECTED, 4), Ok((0x100, 4)));
        assert_eq!(
            (state(0, 4), state(0x1_0000, 4)),
            (Err(LineErr::INVALCALLSTATELIST), Err(LineErr::INVALCALLSTATELIST))
        );
    }
}
