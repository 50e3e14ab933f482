;; Finds the words of a request in a log. What is rare, wrong or incomplete is left to the caller: see log-reader.ts.
(module
  (import "kernels" "memory" (memory 1))

  ;; Reads a number of up to nine digits and the line end after it. Gives the place after that, 0 for anything else. The
  ;; number is then at $result.
  (func $number (param $at i32) (param $result i32) (result i32)
    (local $first i32) (local $digit i32) (local $value i32)
    (local.set $first (local.get $at))
    (block $done
      (loop $digits
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (br_if $done (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $digits (i32.le_u (i32.sub (local.get $at) (local.get $first)) (i32.const 9)))
        (return (i32.const 0))))
    (if (i32.or
          (i32.eq (local.get $at) (local.get $first))
          (i32.ne (i32.load16_u (local.get $at)) (i32.const 0x0a0d)))
      (then (return (i32.const 0))))
    (i32.store (local.get $result) (local.get $value))
    (i32.add (local.get $at) (i32.const 2)))

  ;; Reads one request from $at on, of up to $most words. Gives the place after it, or 0. The places where its words start
  ;; are then at $starts, those where they end at $ends, and their number is at $result.
  (func $read (export "read")
    (param $at i32) (param $end i32) (param $most i32) (param $starts i32) (param $ends i32) (param $result i32)
    (result i32)
    (local $count i32) (local $left i32) (local $length i32)
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 42)) (then (return (i32.const 0))))
    (local.set $at (call $number (i32.add (local.get $at) (i32.const 1)) (local.get $result)))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (local.set $count (i32.load (local.get $result)))
    (if (i32.gt_u (i32.sub (local.get $count) (i32.const 1)) (i32.sub (local.get $most) (i32.const 1)))
      (then (return (i32.const 0))))
    (local.set $left (local.get $count))
    (loop $words
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 36)) (then (return (i32.const 0))))
      (local.set $at (call $number (i32.add (local.get $at) (i32.const 1)) (local.get $result)))
      (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
      (local.set $length (i32.load (local.get $result)))
      ;; The word and its line end. The first comparison keeps the difference from going below zero.
      (if (i32.gt_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (if (i32.gt_u
            (i32.add (local.get $length) (i32.const 2))
            (i32.sub (local.get $end) (local.get $at)))
        (then (return (i32.const 0))))
      (i32.store (local.get $starts) (local.get $at))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (i32.store (local.get $ends) (local.get $at))
      (if (i32.ne (i32.load16_u (local.get $at)) (i32.const 0x0a0d)) (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
      (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $words (local.get $left)))
    (i32.store (local.get $result) (local.get $count))
    (local.get $at)))
