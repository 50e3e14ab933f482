;; Checks of packed elements; packed-element.ts describes them. Loads may go beyond the elements, where their result does
;; not matter: there is memory behind them.
(module
  (import "kernels" "memory" (memory 1))

  ;; The size of an element without the length at its end. The tag is one that exists.
  (func $body (param $at i32) (result i32)
    (local $tag i32)
    (local.set $tag (i32.load8_u (local.get $at)))
    (if (i32.lt_u (local.get $tag) (i32.const 0x80)) (then (return (i32.const 1))))
    (if (i32.lt_u (local.get $tag) (i32.const 0xc0))
      (then (return (i32.add (i32.and (local.get $tag) (i32.const 63)) (i32.const 1)))))
    (if (i32.lt_u (local.get $tag) (i32.const 0xe0)) (then (return (i32.const 2))))
    (if (i32.lt_u (local.get $tag) (i32.const 0xf0))
      (then
        (return
          (i32.add
            (i32.const 2)
            (i32.or
              (i32.shl (i32.and (local.get $tag) (i32.const 15)) (i32.const 8))
              (i32.load8_u offset=1 (local.get $at)))))))
    (if (i32.eq (local.get $tag) (i32.const 0xf0))
      (then (return (i32.add (i32.load offset=1 (local.get $at)) (i32.const 5)))))
    (if (i32.eq (local.get $tag) (i32.const 0xf4)) (then (return (i32.const 9))))
    ;; 16, 24 or 32 bits.
    (i32.sub (local.get $tag) (i32.const 0xee)))

  ;; The number of bytes of the length at the end of an element.
  (func $counters (param $body i32) (result i32)
    (if (i32.lt_u (local.get $body) (i32.const 0x80)) (then (return (i32.const 1))))
    (if (i32.lt_u (local.get $body) (i32.const 0x4000)) (then (return (i32.const 2))))
    (if (i32.lt_u (local.get $body) (i32.const 0x200000)) (then (return (i32.const 3))))
    (select (i32.const 4) (i32.const 5) (i32.lt_u (local.get $body) (i32.const 0x10000000))))

  ;; The size of an element that has been checked.
  (func $size (param $at i32) (result i32)
    (local $body i32)
    (local.set $body (call $body (local.get $at)))
    (i32.add (local.get $body) (call $counters (local.get $body))))

  ;; Whether the length of $body bytes stands before $end, highest part first, in groups of seven bits that are read
  ;; backwards: all but the first byte say that there are more.
  (func $endsWith (param $end i32) (param $body i32) (result i32)
    (local $left i32)
    (local.set $left (call $counters (local.get $body)))
    (loop $groups
      (local.set $end (i32.sub (local.get $end) (i32.const 1)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (if (i32.ne
            (i32.load8_u (local.get $end))
            (i32.or
              (i32.and (local.get $body) (i32.const 127))
              (select (i32.const 128) (i32.const 0) (local.get $left))))
        (then (return (i32.const 0))))
      (local.set $body (i32.shr_u (local.get $body) (i32.const 7)))
      (br_if $groups (local.get $left)))
    (i32.const 1))

  ;; Whether the integer at $at, which is not one of a single byte, needs all bytes that its tag gives it.
  (func $isShortest (param $at i32) (param $tag i32) (result i32)
    (local $value i32) (local $wide i64)
    (if (i32.lt_u (local.get $tag) (i32.const 0xe0))
      (then
        ;; 13 bits, of which the tag has the upper five.
        (return
          (i32.or
            (i32.ge_u (local.get $tag) (i32.const 0xd0))
            (i32.ge_u
              (i32.or
                (i32.shl (i32.and (local.get $tag) (i32.const 31)) (i32.const 8))
                (i32.load8_u offset=1 (local.get $at)))
              (i32.const 128))))))
    (if (i32.eq (local.get $tag) (i32.const 0xf4))
      (then
        (local.set $wide (i64.load offset=1 (local.get $at)))
        (return (i64.ne (i64.extend_i32_s (i32.wrap_i64 (local.get $wide))) (local.get $wide)))))
    (local.set $value (i32.load offset=1 (local.get $at)))
    (if (i32.eq (local.get $tag) (i32.const 0xf1))
      (then
        (local.set $value (i32.shr_s (i32.shl (local.get $value) (i32.const 16)) (i32.const 16)))
        (return
          (i32.or
            (i32.lt_s (local.get $value) (i32.const -4096))
            (i32.ge_s (local.get $value) (i32.const 4096))))))
    (if (i32.eq (local.get $tag) (i32.const 0xf2))
      (then
        (local.set $value (i32.shr_s (i32.shl (local.get $value) (i32.const 8)) (i32.const 8)))
        (return
          (i32.ne
            (i32.shr_s (i32.shl (local.get $value) (i32.const 16)) (i32.const 16))
            (local.get $value)))))
    (i32.ne (i32.shr_s (i32.shl (local.get $value) (i32.const 8)) (i32.const 8)) (local.get $value)))

  ;; Whether text of 1 to 20 bytes is that of a 64-bit integer, in the only way that it is written.
  (func $isInteger (param $at i32) (param $length i32) (result i32)
    (local $end i32) (local $digit i32) (local $value i64) (local $most i64)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (local.set $most (i64.const 0x7fffffffffffffff))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 45))
      (then
        (local.set $most (i64.const 0x8000000000000000))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $length (i32.const 0))))
    ;; A leading zero, unless it is all.
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 48))
      (then (return (i32.eq (local.get $length) (i32.const 1)))))
    (if (i32.or
          (i32.ge_u (local.get $at) (local.get $end))
          (i32.gt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 19)))
      (then (return (i32.const 0))))
    (loop $digits
      (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
      (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (i32.const 0))))
      (local.set $value
        (i64.add (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $digits (i32.lt_u (local.get $at) (local.get $end))))
    (i64.le_u (local.get $value) (local.get $most)))

  ;; Checks that bytes from $start to $end are whole elements, each in the only form that it has. Gives their number, or -1.
  ;; The length of the longest text, 20 for any integer, is then at $result, and whether there is text at $result + 4.
  (func $check (export "check") (param $at i32) (param $end i32) (param $result i32) (result i32)
    (local $tag i32) (local $body i32) (local $size i32) (local $length i32)
    (local $count i32) (local $longest i32) (local $hasText i32)
    (block $done
      (loop $elements
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $tag (i32.load8_u (local.get $at)))
        (if (i32.gt_u (local.get $tag) (i32.const 0xf4)) (then (return (i32.const -1))))
        (local.set $body (call $body (local.get $at)))
        ;; First the body alone: a length that is near 2^32 must not be added to anything.
        (if (i32.gt_u (local.get $body) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const -1))))
        (local.set $size (i32.add (local.get $body) (call $counters (local.get $body))))
        (if (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const -1))))
        (if (i32.eqz (call $endsWith (i32.add (local.get $at) (local.get $size)) (local.get $body)))
          (then (return (i32.const -1))))
        (local.set $length (i32.const -1))
        (if (i32.lt_u (i32.sub (local.get $tag) (i32.const 0x80)) (i32.const 0x40))
          (then
            (local.set $length (i32.sub (local.get $body) (i32.const 1)))
            (if (i32.lt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 20))
              (then
                ;; Nearly all text does not begin like a number: then it has no other form.
                (if (i32.le_u (i32.load8_u offset=1 (local.get $at)) (i32.const 57))
                  (then
                    (if (call $isInteger (i32.add (local.get $at) (i32.const 1)) (local.get $length))
                      (then (return (i32.const -1)))))))))
          (else
            (if (i32.eq (i32.and (local.get $tag) (i32.const 0xf0)) (i32.const 0xe0))
              (then
                (local.set $length (i32.sub (local.get $body) (i32.const 2)))
                (if (i32.lt_u (local.get $length) (i32.const 64)) (then (return (i32.const -1)))))
              (else
                (if (i32.eq (local.get $tag) (i32.const 0xf0))
                  (then
                    ;; Not from the body, to which 5 was added: that might have gone beyond 2^32.
                    (local.set $length (i32.load offset=1 (local.get $at)))
                    (if (i32.or
                          (i32.lt_u (local.get $length) (i32.const 4096))
                          (i32.ge_u (local.get $length) (i32.sub (local.get $end) (local.get $at))))
                      (then (return (i32.const -1)))))
                  (else
                    (if (i32.ge_u (local.get $tag) (i32.const 0x80))
                      (then
                        (if (i32.eqz (call $isShortest (local.get $at) (local.get $tag)))
                          (then (return (i32.const -1))))))))))))
        (if (i32.lt_s (local.get $length) (i32.const 0))
          (then (local.set $length (i32.const 20)))
          (else (local.set $hasText (i32.const 1))))
        (if (i32.gt_u (local.get $length) (local.get $longest)) (then (local.set $longest (local.get $length))))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (br $elements)))
    (i32.store (local.get $result) (local.get $longest))
    (i32.store offset=4 (local.get $result) (local.get $hasText))
    (local.get $count))

  ;; The first $count bytes, 0 to 8, at $at as a number.
  (func $word (param $at i32) (param $count i32) (result i64)
    (i64.and
      (i64.load (local.get $at))
      (select
        (i64.const -1)
        (i64.sub
          (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $count) (i32.const 3))))
          (i64.const 1))
        (i32.ge_u (local.get $count) (i32.const 8)))))

  ;; A hash of bytes, a word of eight bytes at a time. It has no key: the caller limits how many elements there are.
  (func $hash (param $at i32) (param $left i32) (result i32)
    (local $hash i64)
    (local.set $hash (i64.extend_i32_u (local.get $left)))
    (block $done
      (loop $words
        (br_if $done (i32.le_s (local.get $left) (i32.const 0)))
        (local.set $hash
          (i64.mul
            (i64.xor (local.get $hash) (call $word (local.get $at) (local.get $left)))
            (i64.const 0x9e3779b97f4a7c15)))
        (local.set $hash (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $left (i32.sub (local.get $left) (i32.const 8)))
        (br $words)))
    (i32.wrap_i64 (local.get $hash)))

  (func $equal (param $one i32) (param $other i32) (param $left i32) (result i32)
    (loop $words
      (if (i64.ne (call $word (local.get $one) (local.get $left)) (call $word (local.get $other) (local.get $left)))
        (then (return (i32.const 0))))
      (local.set $one (i32.add (local.get $one) (i32.const 8)))
      (local.set $other (i32.add (local.get $other) (i32.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 8)))
      (br_if $words (i32.gt_s (local.get $left) (i32.const 0))))
    (i32.const 1))

  ;; Whether every $stride-th of the elements from $start to $end, the first included, differs from the others. At
  ;; $places is room for the words of a table: the least power of two that is at least 8 and twice $compared, which is the
  ;; number of elements that are compared.
  (func $distinct (export "distinct")
    (param $start i32) (param $end i32) (param $stride i32) (param $compared i32) (param $places i32) (result i32)
    (local $mask i32) (local $at i32) (local $size i32) (local $place i32) (local $other i32) (local $skipped i32)
    (local.set $mask (i32.const 7))
    (block $enough
      (loop $grow
        (br_if $enough (i32.ge_u (local.get $mask) (i32.shl (local.get $compared) (i32.const 1))))
        (local.set $mask (i32.add (i32.shl (local.get $mask) (i32.const 1)) (i32.const 1)))
        (br $grow)))
    (memory.fill
      (local.get $places)
      (i32.const 0)
      (i32.shl (i32.add (local.get $mask) (i32.const 1)) (i32.const 2)))
    (local.set $at (local.get $start))
    (block $done
      (loop $elements
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $size (call $size (local.get $at)))
        (local.set $place (i32.and (call $hash (local.get $at) (local.get $size)) (local.get $mask)))
        (block $free
          (loop $probe
            (local.set $other
              (i32.load (i32.add (local.get $places) (i32.shl (local.get $place) (i32.const 2)))))
            (br_if $free (i32.eqz (local.get $other)))
            (if (call $equal (local.get $other) (local.get $at) (local.get $size)) (then (return (i32.const 0))))
            (local.set $place (i32.and (i32.add (local.get $place) (i32.const 1)) (local.get $mask)))
            (br $probe)))
        (i32.store (i32.add (local.get $places) (i32.shl (local.get $place) (i32.const 2))) (local.get $at))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (local.set $skipped (i32.const 1))
        (block $skippedAll
          (loop $skip
            (br_if $skippedAll (i32.ge_u (local.get $skipped) (local.get $stride)))
            (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
            (local.set $skipped (i32.add (local.get $skipped) (i32.const 1)))
            (br $skip)))
        (br $elements)))
    (i32.const 1)))
