//! How well scores separate two kinds of objects.

/// Area under the receiver operating characteristic: the probability that one of the `odd` scores is
/// above one of the `usual` ones, ties counted half. `None` where either is empty.
pub fn auc(usual: &[f64], odd: &[f64]) -> Option<f64> {
    if usual.is_empty() || odd.is_empty() {
        return None;
    }
    let mut sorted = usual.to_vec();
    sorted.sort_by(f64::total_cmp);
    let wins: f64 = odd
        .iter()
        .map(|score| {
            let below = sorted.partition_point(|v| v < score);
            let upto = sorted.partition_point(|v| v <= score);
            0.5 * (below + upto) as f64
        })
        .sum();
    Some(wins / (usual.len() * odd.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_of_known_scores() {
        assert_eq!(auc(&[1.0, 2.0], &[3.0, 4.0]), Some(1.0));
        assert_eq!(auc(&[3.0, 4.0], &[1.0, 2.0]), Some(0.0));
        assert_eq!(auc(&[1.0, 2.0, 3.0], &[2.0]), Some(0.5));
        assert_eq!(auc(&[], &[2.0]), None);
    }
}
