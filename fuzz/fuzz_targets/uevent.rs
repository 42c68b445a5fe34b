//! Any bytes as a device event, of the kernel or of udev.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopstart::hal::hotplug::Message;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(bytes) else { return };
    assert!(message.devpath.starts_with('/') && !message.devpath.contains("/../"));
    assert_eq!(message.get("DEVPATH"), Some(message.devpath));
    let said: usize = message.properties().map(|(key, value)| key.len() + value.len() + 1).sum();
    assert!(said <= bytes.len());
    assert!(message.devname().is_none_or(|name| !name.starts_with('/')));
});
