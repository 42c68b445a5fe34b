//! loopstart: the telephony service provider for analog lines on Linux.
