;; Finds the words of a request in a log. What is rare, wrong or incomplete is left to the caller: see log-reader.ts.
(module
  (import "kernels" "memory" (memory 1))
  (import "hash" "hash" (func $hash (param i32 i32 i32 i32) (result i32)))

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
    (local.get $at))

  ;; As $read, for a request of a known command, which has a key as its word 1. Gives 0 for all others. log-reader.ts describes
  ;; the state at $s. The number of the command is then at $result + 4, the hash of the key at $result + 8, and the operation of
  ;; working-kernel.wat at $result + 12.
  (func $readKnown (export "readKnown") (param $at i32) (param $end i32) (param $s i32) (result i32)
    (local $after i32) (local $result i32) (local $entry i32) (local $last i32) (local $length i32)
    (local $low i64) (local $high i64)
    (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
    (local.set $result (i32.load offset=12 (local.get $s)))
    (local.set $after
      (call $read
        (local.get $at) (local.get $end)
        (i32.load (local.get $s)) (i32.load offset=4 (local.get $s)) (i32.load offset=8 (local.get $s))
        (local.get $result)))
    (if (i32.eqz (local.get $after)) (then (return (i32.const 0))))
    ;; The name, in capitals: only letters differ from them in one bit.
    (local.set $at (i32.load (i32.load offset=4 (local.get $s))))
    (local.set $length (i32.sub (i32.load (i32.load offset=8 (local.get $s))) (local.get $at)))
    (if (i32.gt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 15)) (then (return (i32.const 0))))
    (local.set $low (i64.and (i64.load (local.get $at)) (i64.const 0xdfdfdfdfdfdfdfdf)))
    (if (i32.lt_u (local.get $length) (i32.const 8))
      (then
        (local.set $low
          (i64.and
            (local.get $low)
            (i64.sub
              (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $length) (i32.const 3))))
              (i64.const 1)))))
      (else
        (if (i32.gt_u (local.get $length) (i32.const 8))
          (then
            (local.set $high
              (i64.shr_u
                (i64.shl
                  (i64.and (i64.load offset=8 (local.get $at)) (i64.const 0xdfdfdfdfdfdfdfdf))
                  (i64.extend_i32_u (i32.shl (i32.sub (i32.const 16) (local.get $length)) (i32.const 3))))
                (i64.extend_i32_u (i32.shl (i32.sub (i32.const 16) (local.get $length)) (i32.const 3)))))))))
    (local.set $entry (i32.load offset=16 (local.get $s)))
    (local.set $last (i32.load offset=20 (local.get $s)))
    (block $found
      (loop $entries
        (if (i32.gt_u (local.get $entry) (local.get $last)) (then (return (i32.const 0))))
        (br_if $found
          (i32.and
            (i64.eq (i64.load (local.get $entry)) (local.get $low))
            (i64.eq (i64.load offset=8 (local.get $entry)) (local.get $high))))
        (local.set $entry (i32.add (local.get $entry) (i32.const 32)))
        (br $entries)))
    ;; A blank or NUL at the end looks like the bytes that fill the name up.
    (if (i32.ne (local.get $length) (i32.load offset=28 (local.get $entry))) (then (return (i32.const 0))))
    (local.set $length (i32.load (local.get $result)))
    (if (i32.or
          (i32.lt_u (local.get $length) (i32.load offset=16 (local.get $entry)))
          (i32.gt_u (local.get $length) (i32.load offset=20 (local.get $entry))))
      (then (return (i32.const 0))))
    (i32.store offset=4
      (local.get $result)
      (i32.div_u (i32.sub (local.get $entry) (i32.load offset=16 (local.get $s))) (i32.const 32)))
    (i32.store offset=12 (local.get $result) (i32.load offset=24 (local.get $entry)))
    (local.set $at (i32.load offset=4 (i32.load offset=4 (local.get $s))))
    (i32.store offset=8
      (local.get $result)
      (call $hash
        (i32.load offset=24 (local.get $s)) (i32.load offset=28 (local.get $s))
        (local.get $at) (i32.sub (i32.load offset=4 (i32.load offset=8 (local.get $s))) (local.get $at))))
    (local.get $after)))
