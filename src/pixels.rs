//! Pixels: what a decoded scan is made of, and the planes that measurements are made on.

use image::{ImageBuffer, Rgb, RgbImage};
use ndarray::{Array2, Array3, ArrayView3};

/// One channel or derived quantity, rows × columns.
pub type Plane = Array2<f32>;

/// Red, green and blue planes: 3 × rows × columns, 0..=255 whatever the depth of the scan was.
pub type Planes = Array3<f32>;

/// The pixels of a scan as decoded: interleaved RGB, sRGB-encoded, 8 or 16 bits a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Raster {
    /// 8 bits a sample.
    Eight(RgbImage),
    /// 16 bits a sample, kept for dim lights (ultraviolet, transmitted).
    Sixteen(ImageBuffer<Rgb<u16>, Vec<u16>>),
}

impl Raster {
    /// Width, px.
    pub fn width(&self) -> usize {
        match self {
            Self::Eight(image) => image.width() as usize,
            Self::Sixteen(image) => image.width() as usize,
        }
    }

    /// Height, px.
    pub fn height(&self) -> usize {
        match self {
            Self::Eight(image) => image.height() as usize,
            Self::Sixteen(image) => image.height() as usize,
        }
    }
}

/// The buffer of an 8-bit image as rows × columns × 3, without copying.
/// `None` only for a buffer whose length does not fit its size, which `image` never makes.
pub fn samples(image: &RgbImage) -> Option<ArrayView3<'_, u8>> {
    let shape = (image.height() as usize, image.width() as usize, 3);
    ArrayView3::from_shape(shape, image.as_raw()).ok()
}
