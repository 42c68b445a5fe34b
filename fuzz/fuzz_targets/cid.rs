//! Any bytes as a caller-identification frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopstart_signal::cid;

fuzz_target!(|bytes: &[u8]| {
    let check = |bytes: &[u8]| {
        let Ok(message) = cid::parse(bytes) else { return false };
        assert!(bytes.starts_with(message.raw()));
        assert_eq!(cid::checksum(message.raw()), 0);
        let total: usize = message.parameters().map(|(_, data)| data.len() + 2).sum();
        assert!(total <= message.data().len());
        let id = message.caller_id();
        let _ = (message.message_waiting(), format!("{message:?} {id:?}"));
        // What was understood can be said again, and means the same.
        let again = cid::parse(cid::Frame::from_caller_id(&id).bytes()).expect("our own frames are good");
        assert_eq!(again.caller_id().time, id.time);
        true
    };
    check(bytes);
    // Most inputs have a wrong length and sum: the same as data of a good message.
    let data = bytes.get(..255).unwrap_or(bytes);
    let mut frame = vec![cid::message_type::MDMF_CALL, data.len() as u8];
    frame.extend_from_slice(data);
    frame.push(cid::checksum(&frame));
    check(&frame);
});
