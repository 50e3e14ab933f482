;; Puts scores and members of a request in the order of a small sorted set; packed-sorted-set.ts describes it.
(module
  (import "kernels" "memory" (memory 1))
  (import "elements" "size" (func $size (param i32) (result i32)))
  (import "elements" "score" (func $score (param i32) (result f64)))
  (import "elements" "isLower" (func $isLower (param i32 i32) (result i32)))

  ;; Whether text that $score has read is the one that a sorted set has for the score: up to six digits after the point,
  ;; of which the last is not 0; no zero at the front, except for a single one before the point, and then none behind it.
  (func $isShortest (param $at i32) (result i32)
    (local $end i32) (local $digits i32)
    (local.set $end (i32.add (local.get $at) (i32.and (i32.load8_u (local.get $at)) (i32.const 63))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (if (i32.eq (i32.load8_u (local.get $end)) (i32.const 48)) (then (return (i32.const 0))))
    (loop $fraction
      (if (i32.eq (local.get $digits) (i32.const 7)) (then (return (i32.const 0))))
      (if (i32.ne (i32.load8_u (i32.sub (local.get $end) (local.get $digits))) (i32.const 46))
        (then
          (local.set $digits (i32.add (local.get $digits) (i32.const 1)))
          (br $fraction))))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 45))
      (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 48)) (then (return (i32.const 1))))
    (i32.and
      (i32.eq (i32.load8_u offset=1 (local.get $at)) (i32.const 46))
      (i32.ne (i32.load8_u offset=2 (local.get $at)) (i32.const 48))))

  ;; Takes scores with their members, elements from $at to $end, and writes each member with its score to $to, in
  ;; ascending order. Gives the place after them; 0 when a score is not in its own form, or cannot be judged here. At
  ;; $places is room for 16 bytes for each member: its score, its place, and the place of its score.
  (func $order (export "order")
    (param $at i32) (param $end i32) (param $to i32) (param $places i32) (result i32)
    (local $score f64) (local $member i32) (local $place i32) (local $last i32) (local $order i32) (local $size i32)
    (local.set $last (local.get $places))
    (block $read
      (loop $scores
        (br_if $read (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $score (call $score (local.get $at)))
        (if (f64.ne (local.get $score) (local.get $score)) (then (return (i32.const 0))))
        (if (i32.eq (i32.and (i32.load8_u (local.get $at)) (i32.const 0xc0)) (i32.const 0x80))
          (then
            ;; A whole number must not be text.
            (if (f64.eq (f64.trunc (local.get $score)) (local.get $score)) (then (return (i32.const 0))))
            (if (i32.eqz (call $isShortest (local.get $at))) (then (return (i32.const 0))))))
        (local.set $member (i32.add (local.get $at) (call $size (local.get $at))))
        ;; Those that belong behind it move by one place.
        (local.set $place (local.get $last))
        (block $found
          (loop $places
            (br_if $found (i32.eq (local.get $place) (local.get $places)))
            (br_if $found (f64.lt (f64.load (i32.sub (local.get $place) (i32.const 16))) (local.get $score)))
            (if (f64.eq (f64.load (i32.sub (local.get $place) (i32.const 16))) (local.get $score))
              (then
                (local.set $order
                  (call $isLower
                    (local.get $member)
                    (i32.load (i32.sub (local.get $place) (i32.const 8)))))
                (if (i32.lt_s (local.get $order) (i32.const 0)) (then (return (i32.const 0))))
                (br_if $found (i32.eqz (local.get $order)))))
            (local.set $place (i32.sub (local.get $place) (i32.const 16)))
            (i64.store offset=16 (local.get $place) (i64.load (local.get $place)))
            (i64.store offset=24 (local.get $place) (i64.load offset=8 (local.get $place)))
            (br $places)))
        (f64.store (local.get $place) (local.get $score))
        (i32.store offset=8 (local.get $place) (local.get $member))
        (i32.store offset=12 (local.get $place) (local.get $at))
        (local.set $last (i32.add (local.get $last) (i32.const 16)))
        (local.set $at (i32.add (local.get $member) (call $size (local.get $member))))
        (br $scores)))
    (block $written
      (loop $members
        (br_if $written (i32.eq (local.get $places) (local.get $last)))
        (local.set $member (i32.load offset=8 (local.get $places)))
        (local.set $size (call $size (local.get $member)))
        (memory.copy (local.get $to) (local.get $member) (local.get $size))
        (local.set $to (i32.add (local.get $to) (local.get $size)))
        (local.set $at (i32.load offset=12 (local.get $places)))
        (local.set $size (call $size (local.get $at)))
        (memory.copy (local.get $to) (local.get $at) (local.get $size))
        (local.set $to (i32.add (local.get $to) (local.get $size)))
        (local.set $places (i32.add (local.get $places) (i32.const 16)))
        (br $members)))
    (local.get $to)))
