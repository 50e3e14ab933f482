;; Packs the words of a request as elements; packed-element.ts describes them.
(module
  (import "kernels" "memory" (memory 1))

  ;; The place after the next line feed.
  (func $nextLine (param $at i32) (result i32)
    (loop $bytes
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $bytes (i32.ne (i32.load8_u (i32.sub (local.get $at) (i32.const 1))) (i32.const 10))))
    (local.get $at))

  ;; The length in the line "$<length>" at $at.
  (func $length (param $at i32) (result i32)
    (local $length i32) (local $digit i32)
    (block $done
      (loop $digits
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (br_if $done (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $length (i32.add (i32.mul (local.get $length) (i32.const 10)) (local.get $digit)))
        (br $digits)))
    (local.get $length))

  ;; Whether text is that of an integer of up to 18 digits, in the only way that it is written; -1 for one with more digits,
  ;; which might be too great. The integer is then at $result.
  (func $isInteger (export "isInteger") (param $at i32) (param $length i32) (param $result i32) (result i32)
    (local $end i32) (local $first i32) (local $digit i32) (local $value i64)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (local.set $first
      (i32.add (local.get $at) (i32.eq (i32.load8_u (local.get $at)) (i32.const 45))))
    (if (i32.eq (local.get $first) (local.get $end)) (then (return (i32.const 0))))
    ;; A leading zero, unless it is all.
    (if (i32.eq (i32.load8_u (local.get $first)) (i32.const 48))
      (then
        (i64.store (local.get $result) (i64.const 0))
        (return (i32.eq (local.get $length) (i32.const 1)))))
    (local.set $digit (local.get $first))
    (loop $digits
      (if (i32.gt_u (i32.sub (i32.load8_u (local.get $digit)) (i32.const 48)) (i32.const 9))
        (then (return (i32.const 0))))
      (local.set $value
        (i64.add
          (i64.mul (local.get $value) (i64.const 10))
          (i64.extend_i32_u (i32.sub (i32.load8_u (local.get $digit)) (i32.const 48)))))
      (local.set $digit (i32.add (local.get $digit) (i32.const 1)))
      (br_if $digits (i32.lt_u (local.get $digit) (local.get $end))))
    (if (i32.gt_u (i32.sub (local.get $end) (local.get $first)) (i32.const 18)) (then (return (i32.const -1))))
    (i64.store
      (local.get $result)
      (select
        (local.get $value)
        (i64.sub (i64.const 0) (local.get $value))
        (i32.eq (local.get $first) (local.get $at))))
    (i32.const 1))

  ;; Whether $value is a signed integer of $bits bits.
  (func $fits (param $value i64) (param $bits i64) (result i32)
    (i64.eq
      (i64.shr_s
        (i64.shl (local.get $value) (i64.sub (i64.const 64) (local.get $bits)))
        (i64.sub (i64.const 64) (local.get $bits)))
      (local.get $value)))

  ;; Writes an integer without the length at its end; gives the place after it.
  (func $putInteger (param $to i32) (param $value i64) (result i32)
    (local $bytes i32) (local $tag i32)
    (if (i64.lt_u (local.get $value) (i64.const 128))
      (then
        (i32.store8 (local.get $to) (i32.wrap_i64 (local.get $value)))
        (return (i32.add (local.get $to) (i32.const 1)))))
    (if (call $fits (local.get $value) (i64.const 13))
      (then
        (i32.store8
          (local.get $to)
          (i32.or
            (i32.const 0xc0)
            (i32.and (i32.wrap_i64 (i64.shr_s (local.get $value) (i64.const 8))) (i32.const 31))))
        (i32.store8 offset=1 (local.get $to) (i32.wrap_i64 (local.get $value)))
        (return (i32.add (local.get $to) (i32.const 2)))))
    (local.set $tag (i32.const 0xf4))
    (local.set $bytes (i32.const 9))
    (if (call $fits (local.get $value) (i64.const 32))
      (then
        (local.set $tag (i32.const 0xf3))
        (local.set $bytes (i32.const 5))))
    (if (call $fits (local.get $value) (i64.const 24))
      (then
        (local.set $tag (i32.const 0xf2))
        (local.set $bytes (i32.const 4))))
    (if (call $fits (local.get $value) (i64.const 16))
      (then
        (local.set $tag (i32.const 0xf1))
        (local.set $bytes (i32.const 3))))
    (i32.store8 (local.get $to) (local.get $tag))
    (i64.store offset=1 (local.get $to) (local.get $value))
    (i32.add (local.get $to) (local.get $bytes)))

  ;; Packs $count words of a request, after the first $skipped ones. Gives the place after the elements, or 0 when a word
  ;; has 4096 bytes or more, or may be an integer that is too great. The length of the longest text, 20 for any integer, is
  ;; then at $result, and whether there is text at $result + 4.
  (func $pack (export "pack")
    (param $at i32) (param $skipped i32) (param $count i32) (param $to i32) (param $result i32) (result i32)
    (local $length i32) (local $start i32) (local $isInteger i32) (local $body i32) (local $end i32)
    (local $longest i32) (local $hasText i32)
    (local.set $at (call $nextLine (local.get $at)))
    (local.set $count (i32.add (local.get $count) (local.get $skipped)))
    (block $done
      (loop $words
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (local.set $length (call $length (local.get $at)))
        (local.set $at (call $nextLine (local.get $at)))
        (local.set $start (local.get $at))
        (local.set $at (i32.add (i32.add (local.get $at) (local.get $length)) (i32.const 2)))
        (if (local.get $skipped)
          (then
            (local.set $skipped (i32.sub (local.get $skipped) (i32.const 1)))
            (br $words)))
        (if (i32.ge_u (local.get $length) (i32.const 4096)) (then (return (i32.const 0))))
        (local.set $isInteger (i32.const 0))
        (if (i32.lt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 20))
          (then
            (if (i32.le_u (i32.load8_u (local.get $start)) (i32.const 57))
              (then
                (local.set $isInteger
                  (call $isInteger (local.get $start) (local.get $length) (local.get $result)))))))
        (if (i32.lt_s (local.get $isInteger) (i32.const 0)) (then (return (i32.const 0))))
        (local.set $body (local.get $to))
        (if (local.get $isInteger)
          (then
            (local.set $to (call $putInteger (local.get $to) (i64.load (local.get $result))))
            (local.set $length (i32.const 20)))
          (else
            (local.set $hasText (i32.const 1))
            (if (i32.lt_u (local.get $length) (i32.const 64))
              (then
                (i32.store8 (local.get $to) (i32.or (local.get $length) (i32.const 0x80)))
                (local.set $to (i32.add (local.get $to) (i32.const 1))))
              (else
                (i32.store8
                  (local.get $to)
                  (i32.or (i32.shr_u (local.get $length) (i32.const 8)) (i32.const 0xe0)))
                (i32.store8 offset=1 (local.get $to) (local.get $length))
                (local.set $to (i32.add (local.get $to) (i32.const 2)))))
            (local.set $end (i32.add (local.get $to) (local.get $length)))
            (block $copied
              (loop $bytes
                (br_if $copied (i32.ge_u (local.get $to) (local.get $end)))
                (i64.store (local.get $to) (i64.load (local.get $start)))
                (local.set $to (i32.add (local.get $to) (i32.const 8)))
                (local.set $start (i32.add (local.get $start) (i32.const 8)))
                (br $bytes)))
            (local.set $to (local.get $end))))
        (if (i32.gt_u (local.get $length) (local.get $longest)) (then (local.set $longest (local.get $length))))
        ;; The length at the end, highest part first.
        (local.set $body (i32.sub (local.get $to) (local.get $body)))
        (if (i32.ge_u (local.get $body) (i32.const 128))
          (then
            (i32.store8 (local.get $to) (i32.shr_u (local.get $body) (i32.const 7)))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))
            (local.set $body (i32.or (i32.and (local.get $body) (i32.const 127)) (i32.const 128)))))
        (i32.store8 (local.get $to) (local.get $body))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $words)))
    (i32.store (local.get $result) (local.get $longest))
    (i32.store offset=4 (local.get $result) (local.get $hasText))
    (local.get $to)))
