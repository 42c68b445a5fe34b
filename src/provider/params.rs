//! Checks and limits of the parameters a host gives.

use crate::media::MAX_CALL_DATA;
use crate::{CallParams, DialParams, LineErr, MediaModes};
use core::time::Duration;
use loopstart_signal::Caps;

/// `LINEBEARERMODE_VOICE`: the one bearer of an analog line.
pub(crate) const BEARER_VOICE: u32 = 1;
/// `LINEBEARERMODE_PASSTHROUGH`: the host speaks to the modem itself.
pub(crate) const BEARER_PASS_THROUGH: u32 = 0x40;
/// All published `LINEBEARERMODE_` bits.
const BEARER_KNOWN: u32 = 0xff;
/// `LINEADDRESSMODE_ADDRESSID`.
const MODE_ADDRESS_ID: u32 = 1;
/// `LINEADDRESSMODE_DIALABLEADDR`.
const MODE_DIALABLE: u32 = 2;
/// All published `LINECALLPARAMFLAGS_` bits.
const FLAGS_KNOWN: u32 = 0xff;
/// All published `LINEMEDIAMODE_` bits.
const MEDIA_KNOWN: u32 = 0xfffe;
/// Greatest E.164 country code.
const MAX_COUNTRY: u32 = 999;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Least dial parameters.
pub(crate) const MIN_DIAL: DialParams =
    DialParams { pause: ms(100), speed: ms(50), digit: ms(50), wait_for_dialtone: ms(1_000) };
/// Greatest dial parameters.
pub(crate) const MAX_DIAL: DialParams =
    DialParams { pause: ms(10_000), speed: ms(1_000), digit: ms(1_000), wait_for_dialtone: ms(60_000) };
/// Default dial parameters.
pub(crate) const DEFAULT_DIAL: DialParams =
    DialParams { pause: ms(2_000), speed: ms(80), digit: ms(100), wait_for_dialtone: ms(5_000) };
/// Limits of the gather timeouts.
pub(crate) const GATHER_TIMEOUT: (Duration, Duration) = (ms(50), ms(3_600_000));

/// A value in force: zero means the default, a value out of range the nearest limit.
pub(crate) fn limited(wish: Duration, least: Duration, greatest: Duration, default: Duration) -> Duration {
    if wish.is_zero() { default } else { wish.clamp(least, greatest) }
}

/// Dial parameters in force.
pub(crate) fn dial(wish: &DialParams) -> DialParams {
    let pick = |of: fn(&DialParams) -> Duration| limited(of(wish), of(&MIN_DIAL), of(&MAX_DIAL), of(&DEFAULT_DIAL));
    DialParams {
        pause: pick(|p| p.pause),
        speed: pick(|p| p.speed),
        digit: pick(|p| p.digit),
        wait_for_dialtone: pick(|p| p.wait_for_dialtone),
    }
}

/// Media a device can carry. `UNKNOWN` stands for a call whose medium is still to be found out.
pub(crate) fn media(caps: Caps) -> MediaModes {
    let mut modes = MediaModes::empty();
    if caps.contains(Caps::VOICE) {
        modes |= MediaModes::INTERACTIVE_VOICE | MediaModes::AUTOMATED_VOICE;
    }
    if caps.contains(Caps::DATA) {
        modes |= MediaModes::DATA_MODEM;
    }
    if modes.is_empty() { modes } else { modes | MediaModes::UNKNOWN }
}

/// Greatest rate of a device, bit/s: V.90 downstream for a data modem, else what the voice band is rated.
pub(crate) fn max_rate(caps: Caps) -> u32 {
    if caps.contains(Caps::DATA) { 56_000 } else { 3_100 }
}

/// Checks a set of media to detect. `caps` are absent while the device is not in service.
pub(crate) fn check_detection(modes: MediaModes, caps: Option<Caps>) -> Result<(), LineErr> {
    let unsupported = caps.is_some_and(|caps| !media(caps).contains(modes));
    if modes.bits() & !MEDIA_KNOWN != 0 || unsupported { Err(LineErr::INVALMEDIAMODE) } else { Ok(()) }
}

/// Checks the media of a call: one, or several together with `UNKNOWN`.
pub(crate) fn check_media(modes: MediaModes, caps: Caps) -> Result<(), LineErr> {
    let single = modes.bits().count_ones() == 1;
    if modes.is_empty() || !media(caps).contains(modes) || !(single || modes.contains(MediaModes::UNKNOWN)) {
        return Err(LineErr::INVALMEDIAMODE);
    }
    Ok(())
}

/// Checks bearer mode and rates.
pub(crate) fn check_bearer(bearer: u32, min_rate: u32, max_rate: u32, caps: Caps) -> Result<(), LineErr> {
    let passes = bearer == BEARER_PASS_THROUGH && caps.contains(Caps::DATA);
    if bearer != BEARER_VOICE && !passes {
        let published = bearer.count_ones() == 1 && bearer & BEARER_KNOWN != 0;
        return Err(if published { LineErr::BEARERMODEUNAVAIL } else { LineErr::INVALBEARERMODE });
    }
    if max_rate != 0 && min_rate > max_rate {
        return Err(LineErr::INVALRATE);
    }
    if min_rate > self::max_rate(caps) {
        return Err(LineErr::RATEUNAVAIL);
    }
    Ok(())
}

/// Checks a country code.
pub(crate) fn check_country(country: u32) -> Result<(), LineErr> {
    if country > MAX_COUNTRY { Err(LineErr::INVALCOUNTRYCODE) } else { Ok(()) }
}

/// Checks the parameters of a call to be made. `own` is the line's number.
pub(crate) fn check_call(params: &CallParams, caps: Caps, own: Option<&str>) -> Result<(), LineErr> {
    check_bearer(params.bearer_mode, params.min_rate, params.max_rate, caps)?;
    check_media(params.media, caps)?;
    if params.flags.bits() & !FLAGS_KNOWN != 0 {
        return Err(LineErr::INVALCALLPARAMS);
    }
    if params.data.len() > MAX_CALL_DATA {
        return Err(LineErr::INVALCALLPARAMS);
    }
    match params.address_mode {
        MODE_ADDRESS_ID if params.address_id == 0 => Ok(()),
        MODE_ADDRESS_ID => Err(LineErr::INVALADDRESSID),
        MODE_DIALABLE => match (&params.orig_address, own) {
            (Some(given), Some(own)) if same_number(&given.0, own) => Ok(()),
            _ => Err(LineErr::INVALADDRESS),
        },
        _ => Err(LineErr::INVALADDRESSMODE),
    }
}

/// Whether two numbers have the same digits, and some.
pub(crate) fn same_number(a: &str, b: &str) -> bool {
    let digits = |text| crate::params::digits(text);
    digits(a).eq(digits(b)) && digits(a).next().is_some()
}

fn digits(text: &str) -> impl Iterator<Item = u8> {
    text.chars().filter_map(crate::dial::digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, CallParamFlags};
    use std::string::ToString;

    #[test]
    fn dial_parameters_are_limited() {
        let wish = DialParams { pause: ms(1), speed: ms(0), digit: ms(99_999), wait_for_dialtone: ms(3_000) };
        let got = dial(&wish);
        assert_eq!((got.pause, got.speed), (MIN_DIAL.pause, DEFAULT_DIAL.speed));
        assert_eq!((got.digit, got.wait_for_dialtone), (MAX_DIAL.digit, ms(3_000)));
    }

    #[test]
    fn each_parameter_has_its_error() {
        let check = |change: fn(&mut CallParams)| {
            let mut params = CallParams::default();
            change(&mut params);
            check_call(&params, Caps::VOICE, Some("555 0100"))
        };
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(check(|p| p.bearer_mode = 0), Err(LineErr::INVALBEARERMODE));
        assert_eq!(check(|p| p.bearer_mode = 3), Err(LineErr::INVALBEARERMODE));
        assert_eq!(check(|p| p.bearer_mode = 0x100), Err(LineErr::INVALBEARERMODE));
        assert_eq!(check(|p| p.bearer_mode = 64), Err(LineErr::BEARERMODEUNAVAIL));
        assert_eq!(check(|p| (p.min_rate, p.max_rate) = (9600, 2400)), Err(LineErr::INVALRATE));
        assert_eq!(check(|p| p.min_rate = 9600), Err(LineErr::RATEUNAVAIL));
        assert_eq!(check(|p| p.media = MediaModes::empty()), Err(LineErr::INVALMEDIAMODE));
        assert_eq!(check(|p| p.media = MediaModes::DATA_MODEM), Err(LineErr::INVALMEDIAMODE));
        assert_eq!(
            check(|p| p.media = MediaModes::INTERACTIVE_VOICE | MediaModes::AUTOMATED_VOICE),
            Err(LineErr::INVALMEDIAMODE)
        );
        assert_eq!(check(|p| p.media |= MediaModes::UNKNOWN), Ok(()));
        assert_eq!(check(|p| p.flags = CallParamFlags::from_bits_retain(0x100)), Err(LineErr::INVALCALLPARAMS));
        assert_eq!(check(|p| p.data = std::vec![0; MAX_CALL_DATA]), Ok(()));
        assert_eq!(check(|p| p.data = std::vec![0; MAX_CALL_DATA + 1]), Err(LineErr::INVALCALLPARAMS));
        assert_eq!(check(|p| p.address_mode = 0), Err(LineErr::INVALADDRESSMODE));
        assert_eq!(check(|p| p.address_id = 1), Err(LineErr::INVALADDRESSID));
        assert_eq!(check(|p| p.address_mode = 2), Err(LineErr::INVALADDRESS));
        let dialable = |number: &str| {
            let orig_address = Some(Address(number.to_string()));
            check_call(
                &CallParams { address_mode: 2, orig_address, ..Default::default() },
                Caps::VOICE,
                Some("5550100"),
            )
        };
        assert_eq!(dialable("555-0100"), Ok(()));
        assert_eq!(dialable("5550101"), Err(LineErr::INVALADDRESS));
        assert_eq!(dialable(""), Err(LineErr::INVALADDRESS));
    }
}
