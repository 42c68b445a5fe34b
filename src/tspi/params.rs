//! LINECALLPARAMS and dial parameters, checked and turned into the provider's types.

use super::consts::VERSION_MAX;
use super::raw::Pointer;
use super::settings::DeviceConfig;
use super::types::{DWORD, LINECALLPARAMS, LINEDIALPARAMS};
use super::wide;
use loopstart_provider::{Address, CallParamFlags, CallParams, DialParams, LineErr, MediaModes};
use std::mem::offset_of;
use std::time::Duration;

/// The parameters of a call; the default ones for null.
///
/// # Errors
/// `INVALCALLPARAMS` when the structure is not usable; `USERUSERINFOTOOBIG` when it carries user-user information.
pub(crate) fn call_params(pointer: Pointer<LINECALLPARAMS>) -> Result<CallParams, LineErr> {
    if pointer.is_null() {
        return Ok(CallParams::default());
    }
    // Versions 2.0 to 2.2 have the same fixed part.
    let fixed = LINECALLPARAMS::LAYOUT.fixed_size(VERSION_MAX);
    parse(&pointer.input(fixed, LineErr::INVALCALLPARAMS)?, fixed)
}

/// The pairs of size and offset: the offset of each size field.
const PAIRS: [usize; 14] = [
    offset_of!(LINECALLPARAMS, dwOrigAddressSize),
    offset_of!(LINECALLPARAMS, dwDisplayableAddressSize),
    offset_of!(LINECALLPARAMS, dwCalledPartySize),
    offset_of!(LINECALLPARAMS, dwCommentSize),
    offset_of!(LINECALLPARAMS, dwUserUserInfoSize),
    offset_of!(LINECALLPARAMS, dwHighLevelCompSize),
    offset_of!(LINECALLPARAMS, dwLowLevelCompSize),
    offset_of!(LINECALLPARAMS, dwDevSpecificSize),
    offset_of!(LINECALLPARAMS, dwTargetAddressSize),
    offset_of!(LINECALLPARAMS, dwSendingFlowspecSize),
    offset_of!(LINECALLPARAMS, dwReceivingFlowspecSize),
    offset_of!(LINECALLPARAMS, dwDeviceClassSize),
    offset_of!(LINECALLPARAMS, dwDeviceConfigSize),
    offset_of!(LINECALLPARAMS, dwCallDataSize),
];

fn parse(block: &[u8], fixed: usize) -> Result<CallParams, LineErr> {
    const WRONG: LineErr = LineErr::INVALCALLPARAMS;
    let dword = |at: usize| -> Result<DWORD, LineErr> {
        let bytes = block.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(WRONG)?;
        Ok(DWORD::from_ne_bytes(bytes))
    };
    let part = |at: usize| -> Result<&[u8], LineErr> {
        let (size, offset) = (dword(at)? as usize, dword(at + 4)? as usize);
        if size == 0 {
            return Ok(&[]);
        }
        let end = offset.checked_add(size).filter(|_| offset >= fixed).ok_or(WRONG)?;
        block.get(offset..end).ok_or(WRONG)
    };
    for pair in PAIRS {
        part(pair)?;
    }
    part(offset_of!(LINECALLPARAMS, dwCallingPartyIDSize))?;
    if !part(offset_of!(LINECALLPARAMS, dwUserUserInfoSize))?.is_empty() {
        return Err(LineErr::USERUSERINFOTOOBIG);
    }
    let or = |value: DWORD, default: DWORD| if value == 0 { default } else { value };
    let default = CallParams::default();
    let dial = offset_of!(LINECALLPARAMS, DialParams);
    let orig = part(offset_of!(LINECALLPARAMS, dwOrigAddressSize))?;
    let orig = if orig.is_empty() { None } else { Some(Address(wide::decode_bytes(orig, WRONG)?)) };
    let target = part(offset_of!(LINECALLPARAMS, dwTargetAddressSize))?;
    let class = part(offset_of!(LINECALLPARAMS, dwDeviceClassSize))?;
    let own = settings(class, part(offset_of!(LINECALLPARAMS, dwDeviceConfigSize))?)?;
    Ok(CallParams {
        bearer_mode: or(dword(offset_of!(LINECALLPARAMS, dwBearerMode))?, default.bearer_mode),
        min_rate: dword(offset_of!(LINECALLPARAMS, dwMinRate))?,
        max_rate: dword(offset_of!(LINECALLPARAMS, dwMaxRate))?,
        media: MediaModes::from_bits_retain(or(dword(offset_of!(LINECALLPARAMS, dwMediaMode))?, default.media.bits())),
        flags: CallParamFlags::from_bits_retain(dword(offset_of!(LINECALLPARAMS, dwCallParamFlags))?),
        address_mode: or(dword(offset_of!(LINECALLPARAMS, dwAddressMode))?, default.address_mode),
        address_id: dword(offset_of!(LINECALLPARAMS, dwAddressID))?,
        dial: own.fill(DialParams {
            pause: ms(dword(dial + offset_of!(LINEDIALPARAMS, dwDialPause))?),
            speed: ms(dword(dial + offset_of!(LINEDIALPARAMS, dwDialSpeed))?),
            digit: ms(dword(dial + offset_of!(LINEDIALPARAMS, dwDigitDuration))?),
            wait_for_dialtone: ms(dword(dial + offset_of!(LINEDIALPARAMS, dwWaitForDialtone))?),
        }),
        orig_address: orig,
        no_answer_timeout: Duration::from_secs(dword(offset_of!(LINECALLPARAMS, dwNoAnswerTimeout))?.into()),
        target: if target.is_empty() { None } else { Some(Address(wide::decode_bytes(target, WRONG)?)) },
        data: part(offset_of!(LINECALLPARAMS, dwCallDataSize))?.to_vec(),
    })
}

/// The settings of a line that come along for this one call.
fn settings(class: &[u8], config: &[u8]) -> Result<DeviceConfig, LineErr> {
    const WRONG: LineErr = LineErr::INVALCALLPARAMS;
    if config.is_empty() {
        return Ok(DeviceConfig::default());
    }
    let class = wide::decode_bytes(class, WRONG)?;
    if !DeviceConfig::has_class(&class) {
        return Err(WRONG);
    }
    DeviceConfig::from_bytes(config).map_err(|_| WRONG)
}

fn ms(value: DWORD) -> Duration {
    Duration::from_millis(value.into())
}

/// Dial parameters as the host gives them.
pub(crate) fn dial_params(params: LINEDIALPARAMS) -> DialParams {
    let LINEDIALPARAMS { dwDialPause, dwDialSpeed, dwDigitDuration, dwWaitForDialtone } = params;
    DialParams {
        pause: ms(dwDialPause),
        speed: ms(dwDialSpeed),
        digit: ms(dwDigitDuration),
        wait_for_dialtone: ms(dwWaitForDialtone),
    }
}

/// Dial parameters as bytes of a LINEDIALPARAMS.
pub(crate) fn dial_bytes(params: &DialParams) -> [u8; 16] {
    let mut bytes = [0; 16];
    let ms = |d: Duration| DWORD::try_from(d.as_millis()).unwrap_or(DWORD::MAX);
    let fields = [params.pause, params.speed, params.digit, params.wait_for_dialtone];
    for (to, from) in bytes.chunks_exact_mut(4).zip(fields) {
        to.copy_from_slice(&ms(from).to_ne_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(fields: &[(usize, u32)], tail: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 176];
        block.extend_from_slice(tail);
        let total = block.len() as u32;
        for (at, value) in fields.iter().chain(&[(0, total)]) {
            block[*at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        block
    }

    #[test]
    fn zero_means_the_default() {
        assert_eq!(parse(&block(&[], &[]), 176), Ok(CallParams::default()));
    }

    #[test]
    fn what_is_given_is_taken() {
        let number = wide::bytes_with_nul("5550100");
        let fields = [
            (offset_of!(LINECALLPARAMS, dwBearerMode), 0x40),
            (offset_of!(LINECALLPARAMS, dwMediaMode), 0x10),
            (offset_of!(LINECALLPARAMS, dwAddressMode), 2),
            (offset_of!(LINECALLPARAMS, DialParams) + 4, 80),
            (offset_of!(LINECALLPARAMS, dwOrigAddressSize), number.len() as u32),
            (offset_of!(LINECALLPARAMS, dwOrigAddressOffset), 176),
            (offset_of!(LINECALLPARAMS, dwNoAnswerTimeout), 30),
        ];
        let params = parse(&block(&fields, &number), 176).unwrap();
        assert_eq!((params.bearer_mode, params.media, params.address_mode), (0x40, MediaModes::DATA_MODEM, 2));
        assert_eq!(params.dial, DialParams { speed: Duration::from_millis(80), ..DialParams::default() });
        assert_eq!(params.orig_address, Some(Address("5550100".into())));
        assert_eq!(params.no_answer_timeout, Duration::from_secs(30));
    }

    #[test]
    fn a_consultation_call_can_know_where_it_goes() {
        let number = wide::bytes_with_nul("5550101");
        let fields = [
            (offset_of!(LINECALLPARAMS, dwCallParamFlags), 0x80),
            (offset_of!(LINECALLPARAMS, dwTargetAddressSize), number.len() as u32),
            (offset_of!(LINECALLPARAMS, dwTargetAddressOffset), 176),
        ];
        let params = parse(&block(&fields, &number), 176).unwrap();
        assert_eq!((params.flags, params.target), (CallParamFlags::ONE_STEP_TRANSFER, Some(Address("5550101".into()))));
        let odd = [fields[0], (fields[1].0, 3), fields[2]];
        assert_eq!(parse(&block(&odd, &number), 176), Err(LineErr::INVALCALLPARAMS));
    }

    #[test]
    fn bytes_go_with_a_call() {
        let fields =
            [(offset_of!(LINECALLPARAMS, dwCallDataSize), 3), (offset_of!(LINECALLPARAMS, dwCallDataOffset), 177)];
        assert_eq!(parse(&block(&fields, &[9, 0, 255, 1]), 176).unwrap().data, [0, 255, 1]);
    }

    #[test]
    fn settings_for_one_call() {
        let own = DeviceConfig { dial: DialParams { pause: ms(700), digit: ms(90), ..DialParams::default() } };
        let (class, config) = (wide::bytes_with_nul("TAPI/line"), own.to_bytes());
        let with = |class: &[u8], config: &[u8]| {
            let tail = [class, config].concat();
            let fields = [
                (offset_of!(LINECALLPARAMS, DialParams), 300),
                (offset_of!(LINECALLPARAMS, dwDeviceClassSize), class.len() as u32),
                (offset_of!(LINECALLPARAMS, dwDeviceClassOffset), 176),
                (offset_of!(LINECALLPARAMS, dwDeviceConfigSize), config.len() as u32),
                (offset_of!(LINECALLPARAMS, dwDeviceConfigOffset), 176 + class.len() as u32),
            ];
            parse(&block(&fields, &tail), 176).map(|p| p.dial)
        };
        let wanted = DialParams { pause: ms(300), digit: ms(90), ..DialParams::default() };
        assert_eq!(with(&class, &config), Ok(wanted), "what the call says itself comes first");
        assert_eq!(with(&[], &config), Err(LineErr::INVALCALLPARAMS));
        assert_eq!(with(&wide::bytes_with_nul("wave/in"), &config), Err(LineErr::INVALCALLPARAMS));
        assert_eq!(with(&class, &config[1..]), Err(LineErr::INVALCALLPARAMS));
    }

    #[test]
    fn parts_outside_are_refused() {
        let pairs = PAIRS.into_iter().chain([offset_of!(LINECALLPARAMS, dwCallingPartyIDSize)]);
        // These are refused for what is in them.
        let content = [offset_of!(LINECALLPARAMS, dwUserUserInfoSize), offset_of!(LINECALLPARAMS, dwDeviceConfigSize)];
        for pair in pairs.filter(|p| !content.contains(p)) {
            for (size, offset, good) in [
                (4, 176, true),
                (8, 176, true),
                (9, 176, false),
                (4, 181, false),
                (4, 172, false),
                (4, 0, false),
                (0, u32::MAX, true),
                (u32::MAX, 176, false),
                (u32::MAX, u32::MAX, false),
                (4, u32::MAX - 1, false),
            ] {
                let result = parse(&block(&[(pair, size), (pair + 4, offset)], &[0; 8]), 176);
                assert_eq!(result.is_ok(), good, "{pair} {size} {offset}");
                assert!(good || result == Err(LineErr::INVALCALLPARAMS));
            }
        }
    }

    #[test]
    fn user_user_information_is_refused() {
        let pair = offset_of!(LINECALLPARAMS, dwUserUserInfoSize);
        let block = block(&[(pair, 4), (pair + 4, 176)], &[0; 4]);
        assert_eq!(parse(&block, 176), Err(LineErr::USERUSERINFOTOOBIG));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, 176);
        }
    }
}
