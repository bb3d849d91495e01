//! Comparing: from readings of a note and readings of genuine notes to evidence.
//!
//! The numeric kernels below know no banknotes.

pub mod evidence;
pub mod robust;
pub mod tail;
