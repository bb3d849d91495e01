//! Comparing: numeric kernels that measure planes and rank readings, and know no banknotes.

pub mod align;
pub mod evidence;
pub mod regions;
pub mod robust;
pub mod tail;
pub mod tiles;
