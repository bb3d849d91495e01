//! How wide edges are: each climb from one level to another over its steepest step.

/// Widths, px, of the edges along every third row and down every third column of a square window: every
/// monotonous climb or fall of at least `least` counts as one, and its width is the whole of it over its
/// steepest step.
pub fn edge_widths(window: &[f32], side: usize, least: f32) -> [Vec<f32>; 2] {
    let [mut along_rows, mut down_columns] = [Vec::new(), Vec::new()];
    let mut down = Vec::with_capacity(side);
    for start in (0..side).step_by(3) {
        let across = window.get(start * side..(start + 1) * side);
        climbs(across.unwrap_or(&[]), least, &mut along_rows);
        down.clear();
        down.extend(window.iter().skip(start).step_by(side));
        climbs(&down, least, &mut down_columns);
    }
    [along_rows, down_columns]
}

fn climbs(line: &[f32], least: f32, widths: &mut Vec<f32>) {
    let (mut climb, mut steepest) = (0.0f32, 0.0f32);
    let mut close = |climb: f32, steepest: f32| {
        if climb.abs() >= least {
            widths.push(climb.abs() / steepest);
        }
    };
    for (last, value) in line.iter().zip(line.iter().skip(1)) {
        let step = value - last;
        if step * climb < 0.0 {
            close(climb, steepest);
            (climb, steepest) = (0.0, 0.0);
        }
        climb += step;
        steepest = steepest.max(step.abs());
    }
    close(climb, steepest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_pixel_wide_and_a_ramp_as_wide_as_it_is() {
        let side = 12;
        let step: Vec<f32> = (0..side * side)
            .map(|i| if i % side < 6 { 0.0 } else { 1.0 })
            .collect();
        assert_eq!(edge_widths(&step, side, 0.35), [vec![1.0; 4], vec![]]);
        let ramp: Vec<f32> = (0..side * side)
            .map(|i| ((i % side) as f32 / 4.0).min(1.0))
            .collect();
        assert_eq!(edge_widths(&ramp, side, 0.35), [vec![4.0; 4], vec![]]);
        let none: [Vec<f32>; 2] = Default::default();
        assert_eq!(edge_widths(&step, side, 1.5), none);
    }
}
