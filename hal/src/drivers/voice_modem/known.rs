//! USB ids of voice modems. A modem with one of these may be spoken to without being asked for; what it can do is found
//! by asking it.
//!
//! Sources: the kernel's cdc-acm and ti_usb_3410_5052 tables, and usb.ids. Ids of general adapters (FTDI, Prolific, CP210x,
//! CH340) say nothing about what is behind them and are not here, nor are host-processed modems (HCF, HSF), which speak no
//! commands.

/// A modem's USB id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbId {
    /// Vendor.
    pub vendor: u16,
    /// Product.
    pub product: u16,
    /// What it is.
    pub name: &'static str,
}

const fn id(vendor: u16, product: u16, name: &'static str) -> UsbId {
    UsbId { vendor, product, name }
}

/// The known voice modems.
pub const VOICE_MODEMS: &[UsbId] = &[
    id(0x0572, 0x1321, "Conexant CX93010"),
    id(0x0572, 0x1324, "Conexant RD02-D400"),
    id(0x0572, 0x1328, "Conexant (TRENDnet TFM-561, Shiro)"),
    id(0x0572, 0x1329, "Conexant (Hummingbird)"),
    id(0x0572, 0x1340, "Conexant CX93010"),
    id(0x0572, 0x1349, "Conexant"),
    id(0x0803, 0x1300, "Zoom V.92 Faxmodem"),
    id(0x0803, 0x3095, "Zoom V.92 mini external 3095"),
    id(0x0803, 0x9700, "Zoom 2986L"),
    id(0x0baf, 0x00ec, "U.S. Robotics 56K Faxmodem"),
    id(0x0baf, 0x0303, "U.S. Robotics USR5637"),
    id(0x0baf, 0x6112, "U.S. Robotics 5633"),
    id(0x04c1, 0x0020, "U.S. Robotics 56K Voice Pro"),
    id(0x04c1, 0x0022, "U.S. Robotics 56K Voice Pro"),
    id(0x04c1, 0x3021, "U.S. Robotics 56K Voice FaxModem Pro"),
    id(0x0506, 0x3021, "3Com 56K Voice FaxModem Pro"),
    id(0x0ace, 0x1602, "ZyXEL Omni FaxModem 56K"),
    id(0x0ace, 0x1608, "ZyXEL Omni FaxModem 56K UNO"),
    id(0x0ace, 0x1611, "ZyXEL Omni FaxModem 56K Plus"),
    id(0x06e0, 0x0319, "Multi-Tech MT9234ZBA-USB"),
    id(0x06e0, 0xf101, "Multi-Tech MT5634ZBA-USB"),
    id(0x06e0, 0xf104, "Multi-Tech MT5634ZBA-USB"),
    id(0x06e0, 0xf107, "Multi-Tech MT5634ZBA-USB-V92"),
    id(0x06e0, 0xf114, "Multi-Tech MT9234MU"),
    id(0x06e0, 0xf115, "Multi-Tech MT9234ZBA"),
    id(0x06e0, 0xf120, "Multi-Tech MT9234ZBA CDC-ACM-XR"),
    id(0x17ef, 0x7000, "Lenovo USB modem"),
    id(0x079b, 0x000f, "BT On-Air USB modem"),
    id(0x1690, 0x0101, "Askey Modem Blaster DE5670"),
    id(0x1690, 0x0102, "Askey V1456 VQE"),
    id(0x1690, 0x0103, "Askey V1456 VQE"),
    id(0x1690, 0x0109, "Askey MagicXpress V.92"),
    id(0x047e, 0xf101, "Agere Atlas modem"),
    id(0x07b8, 0xf101, "Agere Atlas modem"),
    id(0x2001, 0xf10d, "Agere Atlas modem"),
    id(0x045a, 0x0b4a, "Supra Express 56K"),
    id(0x045a, 0x07da, "Supra Express 56K"),
];

/// The known voice modem with this id.
pub fn by_usb_id(vendor: u16, product: u16) -> Option<&'static UsbId> {
    VOICE_MODEMS.iter().find(|m| m.vendor == vendor && m.product == product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_listed_once_and_no_general_adapter_is_among_them() {
        for (i, m) in VOICE_MODEMS.iter().enumerate() {
            assert!(!VOICE_MODEMS[..i].iter().any(|o| (o.vendor, o.product) == (m.vendor, m.product)), "{m:?}");
        }
        for (vendor, product) in [(0x0403, 0x6001), (0x067b, 0x2303), (0x1a86, 0x7523), (0x10c4, 0xea60)] {
            assert_eq!(by_usb_id(vendor, product), None);
        }
        assert_eq!(by_usb_id(0x0572, 0x1340).map(|m| m.name), Some("Conexant CX93010"));
    }
}
