//! Order statistics.

/// The value at `share` (0 lowest, 1 highest) of the sorted values; reorders them. `None` when empty.
pub fn quantile(values: &mut [f32], share: f64) -> Option<f32> {
    let last = values.len().checked_sub(1)?;
    let at = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    let (_, value, _) = values.select_nth_unstable_by(at.min(last), f32::total_cmp);
    Some(*value)
}

/// The middle value; reorders them. `None` when empty.
pub fn median(values: &mut [f32]) -> Option<f32> {
    quantile(values, 0.5)
}

/// The middle value of each axis of points. `None` when empty.
pub fn median_point(points: &[[f32; 2]]) -> Option<[f32; 2]> {
    let of = |axis: usize| median(&mut points.iter().map(|p| p[axis]).collect::<Vec<_>>());
    Some([of(0)?, of(1)?])
}

/// Mean of the values there are; `None` where there is none.
pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, count) = values
        .flatten()
        .fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn order_statistics_of_known_values() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(median(&mut values).unwrap(), 3.0);
        assert_eq!(quantile(&mut values, 0.0).unwrap(), 1.0);
        assert_eq!(quantile(&mut values, 1.0).unwrap(), 5.0);
        assert_eq!(median(&mut []), None);
        let points = [[1.0, 9.0], [3.0, 7.0], [2.0, 8.0]];
        assert_eq!(median_point(&points), Some([2.0, 8.0]));
        assert_eq!(median_point(&[]), None);
        assert_eq!(mean([Some(1.0), None, Some(3.0)].into_iter()), Some(2.0));
        assert_eq!(mean(std::iter::empty()), None);
    }
}
