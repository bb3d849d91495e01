//! Comparing: numeric kernels that measure planes and rank readings, and know no banknotes.

pub mod align;
pub mod auc;
pub mod chroma;
pub mod evidence;
pub mod motif;
pub mod order;
pub mod palette;
pub mod periods;
pub mod ranks;
pub mod rates;
pub mod regions;
pub mod robust;
pub mod scatter;
pub mod spectrum;
pub mod steepness;
pub mod tail;
pub mod tiles;
pub mod trend;
