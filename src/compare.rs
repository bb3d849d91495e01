//! Numeric kernels: what is measured on planes, without knowing what they show.

pub mod chroma;
pub mod robust;
pub mod spectrum;
