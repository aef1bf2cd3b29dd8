import { exponential } from './activations';
import { laneMax } from './vectors';

/**
 * The parts of ln(sum(e^x)) of float32 [count]: the largest value m, and sum(e^(x - m)), as float64 at `result`. The
 * sum is 1 when m is not finite.
 */
export function sumOfExponentials(values: usize, count: i32, result: usize): void {
  const whole = count & ~3;
  let largest: f32 = -Infinity;
  if (whole > 0) {
    let lanes = v128.load(values);
    for (let i = 4; i < whole; i += 4) lanes = f32x4.max(lanes, v128.load(values + ((<usize>i) << 2)));
    largest = laneMax(lanes);
  }
  for (let i = whole; i < count; i++) largest = max<f32>(largest, load<f32>(values + ((<usize>i) << 2)));
  store<f64>(result, largest);
  store<f64>(result, 1.0, 8);
  if (largest - largest !== 0) return;
  const shift = f32x4.splat(largest);
  let sums = f64x2.splat(0);
  for (let i = 0; i < whole; i += 4) {
    const e = exponential(f32x4.sub(v128.load(values + ((<usize>i) << 2)), shift));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(e));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(v128.shuffle<i32>(e, e, 2, 3, 2, 3)));
  }
  let total = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (let i = whole; i < count; i++) {
    const e = exponential(f32x4.splat(load<f32>(values + ((<usize>i) << 2)) - largest));
    total += f32x4.extract_lane(e, 0);
  }
  store<f64>(result, total, 8);
}

/** True when (a, idA) comes after (b, idB) in the order of descending value, then ascending id. */
function after(a: f32, idA: i32, b: f32, idB: i32): bool {
  return a < b || (a === b && idA > idB);
}

/** Sift the entry at `at` down. The root of the heap is the entry that comes last in the order. */
function sink(ids: usize, best: usize, count: i32, at: i32): void {
  const id = load<i32>(ids + ((<usize>at) << 2));
  const value = load<f32>(best + ((<usize>at) << 2));
  while (true) {
    let child = at * 2 + 1;
    if (child >= count) break;
    let childId = load<i32>(ids + ((<usize>child) << 2));
    let childValue = load<f32>(best + ((<usize>child) << 2));
    if (child + 1 < count) {
      const otherId = load<i32>(ids + ((<usize>(child + 1)) << 2));
      const otherValue = load<f32>(best + ((<usize>(child + 1)) << 2));
      if (after(otherValue, otherId, childValue, childId)) {
        child++;
        childId = otherId;
        childValue = otherValue;
      }
    }
    if (!after(childValue, childId, value, id)) break;
    store<i32>(ids + ((<usize>at) << 2), childId);
    store<f32>(best + ((<usize>at) << 2), childValue);
    at = child;
  }
  store<i32>(ids + ((<usize>at) << 2), id);
  store<f32>(best + ((<usize>at) << 2), value);
}

/**
 * The `wanted` largest of float32 [count], by descending value, on ties the lower id first: int32 ids and float32
 * values, [wanted]. `wanted` is from 1 to `count`. Keeps a heap of the best so far. Four values at a time are skipped
 * when none of them is better than the worst of the heap.
 */
export function top(values: usize, count: i32, wanted: i32, ids: usize, best: usize): void {
  for (let i = 0; i < wanted; i++) {
    store<i32>(ids + ((<usize>i) << 2), i);
    store<f32>(best + ((<usize>i) << 2), load<f32>(values + ((<usize>i) << 2)));
  }
  for (let i = wanted / 2 - 1; i >= 0; i--) sink(ids, best, wanted, i);
  let i = wanted;
  while (i < count) {
    const worst = load<f32>(best);
    if (i + 4 <= count && !v128.any_true(f32x4.gt(v128.load(values + ((<usize>i) << 2)), f32x4.splat(worst)))) {
      i += 4;
      continue;
    }
    const stop = min(count, i + 4);
    for (; i < stop; i++) {
      const value = load<f32>(values + ((<usize>i) << 2));
      // An equal value with a higher id never replaces an entry.
      if (value > load<f32>(best)) {
        store<i32>(ids, i);
        store<f32>(best, value);
        sink(ids, best, wanted, 0);
      }
    }
  }
  for (let left = wanted - 1; left > 0; left--) {
    const at = (<usize>left) << 2;
    const id = load<i32>(ids);
    const value = load<f32>(best);
    store<i32>(ids, load<i32>(ids + at));
    store<f32>(best, load<f32>(best + at));
    store<i32>(ids + at, id);
    store<f32>(best + at, value);
    sink(ids, best, left, 0);
  }
}
