//! Numeric kernels: what is measured on planes, without knowing what they show.

pub mod align;
pub mod regions;
pub mod tiles;
