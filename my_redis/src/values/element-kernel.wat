;; Checks packed elements, and adds some to others; packed-element.ts describes them. Loads may go beyond the elements, where their result does
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
  (func $size (export "size") (param $at i32) (result i32)
    (local $body i32)
    ;; Short text and small integers come first: nearly all elements are such.
    (local.set $body (i32.load8_u (local.get $at)))
    (if (i32.lt_u (local.get $body) (i32.const 0x80)) (then (return (i32.const 2))))
    (if (i32.lt_u (local.get $body) (i32.const 0xc0))
      (then (return (i32.sub (local.get $body) (i32.const 0x7e)))))
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

  ;; Whether the first eight bytes of text, or all if there are fewer, are digits. A byte is one if its upper half is 3, and
  ;; still is when 6 was added.
  (func $beginsWithDigits (param $at i32) (param $length i32) (result i32)
    (local $bytes i64)
    (local.set $bytes (i64.load (local.get $at)))
    ;; The bytes behind the text are made zeros in front of it.
    (if (i32.lt_u (local.get $length) (i32.const 8))
      (then
        (local.set $bytes
          (i64.or
            (i64.shl (local.get $bytes) (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (local.get $length) (i32.const 3)))))
            (i64.shr_u (i64.const 0x3030303030303030) (i64.extend_i32_u (i32.shl (local.get $length) (i32.const 3))))))))
    (i64.eqz
      (i64.or
        (i64.xor
          (i64.and (local.get $bytes) (i64.const 0xf0f0f0f0f0f0f0f0))
          (i64.const 0x3030303030303030))
        (i64.xor
          (i64.and (i64.add (local.get $bytes) (i64.const 0x0606060606060606)) (i64.const 0xf0f0f0f0f0f0f0f0))
          (i64.const 0x3030303030303030)))))

  ;; Checks that bytes from $start to $end are whole elements, each in the only form that it has. Gives their number, or -1.
  ;; The length of the longest text, 20 for any integer, is then at $result, and whether there is text at $result + 4.
  ;; Nearly all elements are short text or integers: so these are checked without a call, as far as possible.
  (func $check (export "check") (param $at i32) (param $end i32) (param $result i32) (result i32)
    (local $tag i32) (local $body i32) (local $size i32) (local $length i32)
    (local $count i32) (local $longest i32) (local $hasText i32)
    (block $done
      (loop $elements
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        ;; An integer of one byte and its length. If the end is between the two, that is found after the loop.
        (if (i32.eq (i32.and (i32.load16_u (local.get $at)) (i32.const 0xff80)) (i32.const 0x100))
          (then
            (if (i32.gt_u (i32.const 20) (local.get $longest)) (then (local.set $longest (i32.const 20))))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (br $elements)))
        (local.set $tag (i32.load8_u (local.get $at)))
        (if (i32.lt_u (i32.sub (local.get $tag) (i32.const 0x80)) (i32.const 0x40))
          (then
            (local.set $length (i32.sub (local.get $tag) (i32.const 0x80)))
            (local.set $size (i32.add (local.get $length) (i32.const 2)))
            (if (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const -1))))
            (if (i32.ne
                  (i32.load8_u offset=1 (i32.add (local.get $at) (local.get $length)))
                  (i32.add (local.get $length) (i32.const 1)))
              (then (return (i32.const -1))))
            ;; Most text does not begin like a number, or soon goes on otherwise: then it has no other form.
            (if (i32.le_u (i32.load8_u offset=1 (local.get $at)) (i32.const 57))
              (then
                (if (i32.lt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 20))
                  (then
                    (if (i32.or
                          (i32.eq (i32.load8_u offset=1 (local.get $at)) (i32.const 45))
                          (call $beginsWithDigits (i32.add (local.get $at) (i32.const 1)) (local.get $length)))
                      (then
                        (if (call $isInteger (i32.add (local.get $at) (i32.const 1)) (local.get $length))
                          (then (return (i32.const -1))))))))))
            (local.set $hasText (i32.const 1))
            (if (i32.gt_u (local.get $length) (local.get $longest)) (then (local.set $longest (local.get $length))))
            (local.set $at (i32.add (local.get $at) (local.get $size)))
            (br $elements)))
        ;; No such tag, or an integer of one byte with another length.
        (if (i32.or (i32.gt_u (local.get $tag) (i32.const 0xf4)) (i32.lt_u (local.get $tag) (i32.const 0x80)))
          (then (return (i32.const -1))))
        (if (i32.or
              (i32.gt_u (local.get $tag) (i32.const 0xf0))
              (i32.eq (i32.and (local.get $tag) (i32.const 0xe0)) (i32.const 0xc0)))
          (then
            ;; An integer. The length at its end is one byte.
            (local.set $body (call $body (local.get $at)))
            (if (i32.eqz (call $isShortest (local.get $at) (local.get $tag))) (then (return (i32.const -1))))
            (local.set $size (i32.add (local.get $body) (i32.const 1)))
            (if (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const -1))))
            (if (i32.ne (i32.load8_u (i32.add (local.get $at) (local.get $body))) (local.get $body))
              (then (return (i32.const -1))))
            (if (i32.gt_u (i32.const 20) (local.get $longest)) (then (local.set $longest (i32.const 20))))
            (local.set $at (i32.add (local.get $at) (local.get $size)))
            (br $elements)))
        ;; Long text.
        (local.set $body (call $body (local.get $at)))
        ;; First the body alone: a length that is near 2^32 must not be added to anything.
        (if (i32.gt_u (local.get $body) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const -1))))
        (local.set $size (i32.add (local.get $body) (call $counters (local.get $body))))
        (if (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const -1))))
        (if (i32.eqz (call $endsWith (i32.add (local.get $at) (local.get $size)) (local.get $body)))
          (then (return (i32.const -1))))
        (if (i32.eq (local.get $tag) (i32.const 0xf0))
          (then
            ;; Not from the body, to which 5 was added: that might have gone beyond 2^32.
            (local.set $length (i32.load offset=1 (local.get $at)))
            (if (i32.or
                  (i32.lt_u (local.get $length) (i32.const 4096))
                  (i32.ge_u (local.get $length) (i32.sub (local.get $end) (local.get $at))))
              (then (return (i32.const -1)))))
          (else
            (local.set $length (i32.sub (local.get $body) (i32.const 2)))
            (if (i32.lt_u (local.get $length) (i32.const 64)) (then (return (i32.const -1))))))
        (local.set $hasText (i32.const 1))
        (if (i32.gt_u (local.get $length) (local.get $longest)) (then (local.set $longest (local.get $length))))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (br $elements)))
    (if (i32.gt_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
    (i32.store (local.get $result) (local.get $longest))
    (i32.store offset=4 (local.get $result) (local.get $hasText))
    (local.get $count))

  ;; The first $count bytes, 0 to 7, at $at as a number.
  (func $word (param $at i32) (param $count i32) (result i64)
    (i64.and
      (i64.load (local.get $at))
      (i64.sub
        (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $count) (i32.const 3))))
        (i64.const 1))))

  ;; Compares the last word first: elements often begin with the same.
  (func $equal (param $one i32) (param $other i32) (param $size i32) (result i32)
    (local $left i32)
    (if (i32.lt_u (local.get $size) (i32.const 8))
      (then
        (return
          (i64.eq
            (call $word (local.get $one) (local.get $size))
            (call $word (local.get $other) (local.get $size))))))
    (local.set $left (i32.sub (local.get $size) (i32.const 8)))
    (if (i64.ne
          (i64.load (i32.add (local.get $one) (local.get $left)))
          (i64.load (i32.add (local.get $other) (local.get $left))))
      (then (return (i32.const 0))))
    (block $done
      (loop $words
        (br_if $done (i32.le_s (local.get $left) (i32.const 0)))
        (if (i64.ne (i64.load (local.get $one)) (i64.load (local.get $other))) (then (return (i32.const 0))))
        (local.set $one (i32.add (local.get $one) (i32.const 8)))
        (local.set $other (i32.add (local.get $other) (i32.const 8)))
        (local.set $left (i32.sub (local.get $left) (i32.const 8)))
        (br $words)))
    (i32.const 1))

  ;; Whether every $stride-th of the elements from $start to $end, the first included, differs from the others. At
  ;; $places is room for the words of a table: the least power of two that is at least 8 and twice $compared, which is the
  ;; number of elements that are compared.
  (func $distinct (export "distinct")
    (param $start i32) (param $end i32) (param $stride i32) (param $compared i32) (param $places i32) (result i32)
    (local $mask i32) (local $at i32) (local $size i32) (local $place i32) (local $other i32) (local $skipped i32)
    (local $tag i32) (local $from i32) (local $last i32) (local $hash i64)
    (local.set $mask (i32.const 7))
    (block $enough
      (loop $grow
        (br_if $enough (i32.ge_u (local.get $mask) (i32.shl (local.get $compared) (i32.const 1))))
        (local.set $mask (i32.add (i32.shl (local.get $mask) (i32.const 1)) (i32.const 1)))
        (br $grow)))
    ;; In words: most tables are so small that a fill would take longer to begin.
    (local.set $at (local.get $places))
    (loop $clear
      (i64.store (local.get $at) (i64.const 0))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $clear
        (i32.lt_u
          (local.get $at)
          (i32.add (local.get $places) (i32.shl (local.get $mask) (i32.const 2))))))
    (local.set $at (local.get $start))
    (block $done
      (loop $elements
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $tag (i32.load8_u (local.get $at)))
        (local.set $size
          (if (result i32) (i32.eq (i32.and (local.get $tag) (i32.const 0xc0)) (i32.const 0x80))
            (then (i32.sub (local.get $tag) (i32.const 0x7e)))
            (else (call $size (local.get $at)))))
        ;; A hash of words of eight bytes, of which the last two may overlap. It has no key: the caller limits how many
        ;; elements there are.
        (local.set $hash (i64.extend_i32_u (local.get $size)))
        (local.set $from (local.get $at))
        (local.set $last (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 8)))
        (block $hashed
          (loop $words
            (br_if $hashed (i32.ge_u (local.get $from) (local.get $last)))
            (local.set $hash
              (i64.mul
                (i64.xor (local.get $hash) (i64.load (local.get $from)))
                (i64.const 0x9e3779b97f4a7c15)))
            (local.set $hash (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))
            (local.set $from (i32.add (local.get $from) (i32.const 8)))
            (br $words)))
        (local.set $hash
          (i64.mul
            (i64.xor
              (local.get $hash)
              (if (result i64) (i32.lt_u (local.get $size) (i32.const 8))
                (then (call $word (local.get $at) (local.get $size)))
                (else (i64.load (local.get $last)))))
            (i64.const 0x9e3779b97f4a7c15)))
        (local.set $place
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $hash) (i64.const 32))) (local.get $mask)))
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
            (local.set $tag (i32.load8_u (local.get $at)))
            (local.set $at
              (i32.add
                (local.get $at)
                (if (result i32) (i32.eq (i32.and (local.get $tag) (i32.const 0xc0)) (i32.const 0x80))
                  (then (i32.sub (local.get $tag) (i32.const 0x7e)))
                  (else (call $size (local.get $at))))))
            (local.set $skipped (i32.add (local.get $skipped) (i32.const 1)))
            (br $skip)))
        (br $elements)))
    (i32.const 1))

  ;; Adds the elements from $run to $runEnd to those from $start to $end, behind which there is room for all of them. Only
  ;; elements that are not there yet are added, at the end. $withValues is 1 when every second element is the value of the
  ;; one before it: a value takes the place of the earlier one. Gives the new end, and at $result how many are new.
  (func $merge (export "merge")
    (param $start i32) (param $end i32) (param $run i32) (param $runEnd i32) (param $withValues i32) (param $result i32)
    (result i32)
    (local $at i32) (local $size i32) (local $valueSize i32) (local $replaced i32) (local $added i32)
    (block $done
      (loop $elements
        (br_if $done (i32.ge_u (local.get $run) (local.get $runEnd)))
        (local.set $size (call $size (local.get $run)))
        (if (local.get $withValues)
          (then (local.set $valueSize (call $size (i32.add (local.get $run) (local.get $size))))))
        (local.set $at (local.get $start))
        (block $found
          (loop $search
            (if (i32.ge_u (local.get $at) (local.get $end))
              (then
                (memory.copy
                  (local.get $end)
                  (local.get $run)
                  (i32.add (local.get $size) (local.get $valueSize)))
                (local.set $end (i32.add (local.get $end) (i32.add (local.get $size) (local.get $valueSize))))
                (local.set $run (i32.add (local.get $run) (i32.add (local.get $size) (local.get $valueSize))))
                (local.set $added (i32.add (local.get $added) (i32.const 1)))
                (br $elements)))
            (br_if $found (call $equal (local.get $at) (local.get $run) (local.get $size)))
            (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
            (if (local.get $withValues)
              (then (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))))
            (br $search)))
        (local.set $run (i32.add (local.get $run) (local.get $size)))
        (if (local.get $withValues)
          (then
            (local.set $at (i32.add (local.get $at) (local.get $size)))
            (local.set $replaced (call $size (local.get $at)))
            (if (i32.ne (local.get $replaced) (local.get $valueSize))
              (then
                (memory.copy
                  (i32.add (local.get $at) (local.get $valueSize))
                  (i32.add (local.get $at) (local.get $replaced))
                  (i32.sub (local.get $end) (i32.add (local.get $at) (local.get $replaced))))
                (local.set $end
                  (i32.add (local.get $end) (i32.sub (local.get $valueSize) (local.get $replaced))))))
            (memory.copy (local.get $at) (local.get $run) (local.get $valueSize))
            (local.set $run (i32.add (local.get $run) (local.get $valueSize)))))
        (br $elements)))
    (i32.store (local.get $result) (local.get $added))
    (local.get $end))

  ;; The integer of an element, or the least of 64 bits when it is text.
  (func $integer (param $at i32) (result i64)
    (local $tag i32)
    (local.set $tag (i32.load8_u (local.get $at)))
    (if (i32.lt_u (local.get $tag) (i32.const 0x80)) (then (return (i64.extend_i32_u (local.get $tag)))))
    (if (i32.eq (i32.and (local.get $tag) (i32.const 0xe0)) (i32.const 0xc0))
      (then
        (return
          (i64.extend_i32_s
            (i32.or
              (i32.shr_s (i32.shl (local.get $tag) (i32.const 27)) (i32.const 19))
              (i32.load8_u offset=1 (local.get $at)))))))
    (if (i32.eq (local.get $tag) (i32.const 0xf1)) (then (return (i64.load16_s offset=1 (local.get $at)))))
    (if (i32.eq (local.get $tag) (i32.const 0xf2))
      (then
        (return
          (i64.extend_i32_s
            (i32.shr_s (i32.shl (i32.load offset=1 (local.get $at)) (i32.const 8)) (i32.const 8))))))
    (if (i32.eq (local.get $tag) (i32.const 0xf3)) (then (return (i64.load32_s offset=1 (local.get $at)))))
    (if (i32.eq (local.get $tag) (i32.const 0xf4)) (then (return (i64.load offset=1 (local.get $at)))))
    (i64.const 0x8000000000000000))

  (func $isText (param $at i32) (result i32)
    (local $tag i32)
    (local.set $tag (i32.load8_u (local.get $at)))
    (i32.or
      (i32.eq (i32.and (local.get $tag) (i32.const 0xc0)) (i32.const 0x80))
      (i32.or
        (i32.eq (i32.and (local.get $tag) (i32.const 0xf0)) (i32.const 0xe0))
        (i32.eq (local.get $tag) (i32.const 0xf0)))))

  ;; --- blocks of streams; block-reader.ts describes them ---

  ;; The integer of the element at $at, if it is from 0 to 2^53 - 1; otherwise -1.
  (func $count (param $at i32) (param $end i32) (result i64)
    (local $value i64)
    (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i64.const -1))))
    (if (i32.lt_u (i32.load8_u (local.get $at)) (i32.const 0x80))
      (then (return (i64.extend_i32_u (i32.load8_u (local.get $at))))))
    ;; Text and negative numbers are beyond the limit, too.
    (local.set $value (call $integer (local.get $at)))
    (select (local.get $value) (i64.const -1) (i64.le_u (local.get $value) (i64.const 0x1fffffffffffff))))

  ;; The place after $left elements; 0 when there are fewer.
  (func $skip (param $at i32) (param $end i32) (param $left i64) (result i32)
    (block $done
      (loop $elements
        (br_if $done (i64.eqz (local.get $left)))
        (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
        (local.set $left (i64.sub (local.get $left) (i64.const 1)))
        (br $elements)))
    (local.get $at))

  ;; Checks a block, elements from $at to $end that have been checked. At $ids are the id of the block and the id
  ;; after which its entries must be, two numbers of 64 bits each. Gives the number of live entries; 0 when the block
  ;; cannot be used as it is. The ids of the first and the last live entry are then at $ids + 32.
  ;; An entry is usually made of short text and of integers of one byte: these take no calls.
  (func $checkBlock (export "checkBlock") (param $at i32) (param $end i32) (param $ids i32) (result i32)
    (local $live i64) (local $deleted i64) (local $masterFields i64) (local $fields i64) (local $left i64)
    (local $flags i32) (local $tag i32) (local $seen i32)
    (local $blockTime i64) (local $blockSequence i64) (local $time i64) (local $sequence i64)
    (local $lastTime i64) (local $lastSequence i64)
    (local.set $blockTime (i64.load (local.get $ids)))
    (local.set $blockSequence (i64.load offset=8 (local.get $ids)))
    (local.set $lastTime (i64.load offset=16 (local.get $ids)))
    (local.set $lastSequence (i64.load offset=24 (local.get $ids)))
    (if (i64.le_u (local.get $blockTime) (local.get $lastTime))
      (then
        (if (i32.or
              (i64.lt_u (local.get $blockTime) (local.get $lastTime))
              (i64.le_u (local.get $blockSequence) (local.get $lastSequence)))
          (then (return (i32.const 0))))))
    (local.set $live (call $count (local.get $at) (local.get $end)))
    (if (i64.lt_s (local.get $live) (i64.const 0)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
    (local.set $deleted (call $count (local.get $at) (local.get $end)))
    (if (i64.lt_s (local.get $deleted) (i64.const 0)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
    (local.set $masterFields (call $count (local.get $at) (local.get $end)))
    (if (i64.le_s (local.get $masterFields) (i64.const 0)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
    (local.set $at (call $skip (local.get $at) (local.get $end) (local.get $masterFields)))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (if (i64.ne (call $count (local.get $at) (local.get $end)) (i64.const 0)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
    (block $done
      (loop $entries
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        ;; Text and other integers have greater tags.
        (local.set $flags (i32.load8_u (local.get $at)))
        (if (i32.gt_u (local.get $flags) (i32.const 3)) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        ;; The differences of the id. Both are integers of one byte if neither tag has the highest bit.
        (if (i32.ge_u (i32.add (local.get $at) (i32.const 2)) (local.get $end)) (then (return (i32.const 0))))
        (if (i32.and (i32.load (local.get $at)) (i32.const 0x800080))
          (then
            (if (call $isText (local.get $at)) (then (return (i32.const 0))))
            (local.set $time (i64.add (local.get $blockTime) (call $integer (local.get $at))))
            (local.set $at (i32.add (local.get $at) (call $size (local.get $at))))
            (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
            (if (call $isText (local.get $at)) (then (return (i32.const 0))))
            (local.set $sequence (i64.add (local.get $blockSequence) (call $integer (local.get $at))))
            (local.set $at (i32.add (local.get $at) (call $size (local.get $at)))))
          (else
            (local.set $time (i64.add (local.get $blockTime) (i64.load8_u (local.get $at))))
            (local.set $sequence (i64.add (local.get $blockSequence) (i64.load8_u offset=2 (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))))
        ;; The number of elements after the id: values alone, or the number of fields, the fields and the values.
        (local.set $fields (local.get $masterFields))
        (if (i32.eqz (i32.and (local.get $flags) (i32.const 2)))
          (then
            (local.set $fields (call $count (local.get $at) (local.get $end)))
            (if (i64.le_s (local.get $fields) (i64.const 0)) (then (return (i32.const 0))))
            (local.set $fields (i64.add (i64.shl (local.get $fields) (i64.const 1)) (i64.const 1)))))
        (local.set $left (local.get $fields))
        (loop $skip
          (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
          (local.set $tag (i32.load8_u (local.get $at)))
          (local.set $at
            (i32.add
              (local.get $at)
              (if (result i32) (i32.eq (i32.and (local.get $tag) (i32.const 0xc0)) (i32.const 0x80))
                (then (i32.sub (local.get $tag) (i32.const 0x7e)))
                (else (call $size (local.get $at))))))
          (local.set $left (i64.sub (local.get $left) (i64.const 1)))
          (br_if $skip (i64.ne (local.get $left) (i64.const 0))))
        ;; Besides these, an entry has flags and the two parts of its id.
        (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
        (local.set $left (i64.load8_u (local.get $at)))
        (if (i64.ge_u (local.get $left) (i64.const 0x80))
          (then
            (local.set $left (call $count (local.get $at) (local.get $end)))
            (local.set $at (i32.sub (i32.add (local.get $at) (call $size (local.get $at))) (i32.const 2)))))
        (if (i64.ne (local.get $left) (i64.add (local.get $fields) (i64.const 3))) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        ;; Entries are in order, and not before the id of the block.
        (if (i64.le_u (local.get $time) (local.get $lastTime))
          (then
            (if (i32.or
                  (i64.lt_u (local.get $time) (local.get $lastTime))
                  (i64.le_u (local.get $sequence) (local.get $lastSequence)))
              (then (return (i32.const 0))))))
        (if (i64.le_u (local.get $time) (local.get $blockTime))
          (then
            (if (i32.or
                  (i64.lt_u (local.get $time) (local.get $blockTime))
                  (i64.lt_u (local.get $sequence) (local.get $blockSequence)))
              (then (return (i32.const 0))))))
        (local.set $lastTime (local.get $time))
        (local.set $lastSequence (local.get $sequence))
        (if (i32.and (local.get $flags) (i32.const 1))
          (then (local.set $deleted (i64.sub (local.get $deleted) (i64.const 1))))
          (else
            (if (i32.eqz (local.get $seen))
              (then
                (i64.store offset=32 (local.get $ids) (local.get $time))
                (i64.store offset=40 (local.get $ids) (local.get $sequence))))
            (i64.store offset=48 (local.get $ids) (local.get $time))
            (i64.store offset=56 (local.get $ids) (local.get $sequence))
            (local.set $seen (i32.add (local.get $seen) (i32.const 1)))))
        (br $entries)))
    (if (i64.ne (local.get $deleted) (i64.const 0)) (then (return (i32.const 0))))
    (select
      (local.get $seen)
      (i32.const 0)
      (i64.eq (i64.extend_i32_u (local.get $seen)) (local.get $live))))

  ;; --- small sorted sets; packed-sorted-set.ts describes them ---

  ;; The score in an element, if it is an integer up to 2^53 - 1, or text of up to 15 digits with a point among them.
  ;; Otherwise NaN. Both the digits and the power of ten are exact, so their quotient is rounded as it must be.
  (func $score (export "score") (param $at i32) (result f64)
    (local $length i32) (local $end i32) (local $first i32) (local $point i32) (local $decimals i32) (local $digit i32)
    (local $digits i64) (local $isNegative i32) (local $divisor f64) (local $value f64)
    (local.set $length (i32.load8_u (local.get $at)))
    (if (i32.lt_u (local.get $length) (i32.const 0x80)) (then (return (f64.convert_i64_s (i64.extend_i32_u (local.get $length))))))
    (local.set $length (i32.sub (local.get $length) (i32.const 0x80)))
    (if (i32.ge_u (local.get $length) (i32.const 0x40))
      (then
        (if (call $isText (local.get $at)) (then (return (f64.const NaN))))
        (local.set $digits (call $integer (local.get $at)))
        (return
          (select
            (f64.convert_i64_s (local.get $digits))
            (f64.const NaN)
            (i64.le_u
              (i64.add (local.get $digits) (i64.const 0x1fffffffffffff))
              (i64.const 0x3ffffffffffffe))))))
    ;; A sign, a point, 15 digits.
    (if (i32.gt_u (local.get $length) (i32.const 17)) (then (return (f64.const NaN))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 45))
      (then
        (local.set $isNegative (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))))
    (local.set $first (local.get $at))
    (block $done
      (loop $text
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (if (i32.le_u (local.get $digit) (i32.const 9))
          (then
            (local.set $digits
              (i64.add (i64.mul (local.get $digits) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $text)))
        ;; A point: once, and behind a digit.
        (if (i32.or
              (i32.ne (local.get $digit) (i32.const -2))
              (i32.or (local.get $point) (i32.eq (local.get $at) (local.get $first))))
          (then (return (f64.const NaN))))
        (local.set $point (local.get $at))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $text)))
    ;; 1 to 14 digits behind the point, and 15 at most in all.
    (local.set $decimals (i32.sub (i32.sub (local.get $end) (i32.const 1)) (local.get $point)))
    (if (i32.or
          (i32.or (i32.eqz (local.get $point)) (i32.eqz (local.get $decimals)))
          (i32.gt_u (i32.sub (local.get $end) (local.get $first)) (i32.const 16)))
      (then (return (f64.const NaN))))
    (local.set $divisor (f64.const 1))
    (loop $tens
      (local.set $divisor (f64.mul (local.get $divisor) (f64.const 10)))
      (local.set $decimals (i32.sub (local.get $decimals) (i32.const 1)))
      (br_if $tens (local.get $decimals)))
    (local.set $value (f64.div (f64.convert_i64_s (local.get $digits)) (local.get $divisor)))
    (select (f64.neg (local.get $value)) (local.get $value) (local.get $isNegative)))

  ;; Whether one text is lower than another; -1 when one is an integer or long text.
  (func $isLower (export "isLower") (param $one i32) (param $other i32) (result i32)
    (local $left i32) (local $right i32) (local $end i32)
    (if (i32.or
          (i32.ne (i32.and (i32.load8_u (local.get $one)) (i32.const 0xc0)) (i32.const 0x80))
          (i32.ne (i32.and (i32.load8_u (local.get $other)) (i32.const 0xc0)) (i32.const 0x80)))
      (then (return (i32.const -1))))
    (local.set $left (i32.and (i32.load8_u (local.get $one)) (i32.const 63)))
    (local.set $right (i32.and (i32.load8_u (local.get $other)) (i32.const 63)))
    (local.set $end
      (i32.add
        (local.get $one)
        (select (local.get $left) (local.get $right) (i32.lt_u (local.get $left) (local.get $right)))))
    (block $same
      (loop $bytes
        (br_if $same (i32.ge_u (local.get $one) (local.get $end)))
        (local.set $one (i32.add (local.get $one) (i32.const 1)))
        (local.set $other (i32.add (local.get $other) (i32.const 1)))
        (br_if $bytes (i32.eq (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other))))
        (return (i32.lt_u (i32.load8_u (local.get $one)) (i32.load8_u (local.get $other))))))
    (i32.lt_u (local.get $left) (local.get $right)))

  ;; Whether the members and scores from $at to $end, an even number of checked elements, are in ascending order, with
  ;; the scores in the form that they have in a sorted set. -1 when there is a score or member that cannot be judged here.
  (func $ascending (export "ascending") (param $at i32) (param $end i32) (result i32)
    (local $tag i32) (local $scoreAt i32) (local $next i32) (local $score f64) (local $last f64) (local $previous i32) (local $order i32)
    (block $done
      (loop $members
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $tag (i32.load8_u (local.get $at)))
        (local.set $scoreAt
          (i32.add
            (local.get $at)
            (if (result i32) (i32.eq (i32.and (local.get $tag) (i32.const 0xc0)) (i32.const 0x80))
              (then (i32.sub (local.get $tag) (i32.const 0x7e)))
              (else (call $size (local.get $at))))))
        (local.set $score (call $score (local.get $scoreAt)))
        (if (f64.ne (local.get $score) (local.get $score)) (then (return (i32.const -1))))
        (local.set $tag (i32.load8_u (local.get $scoreAt)))
        (local.set $next
          (i32.add
            (local.get $scoreAt)
            (if (result i32) (i32.eq (i32.and (local.get $tag) (i32.const 0xc0)) (i32.const 0x80))
              (then
                ;; A whole number must not be text.
                (if (f64.eq (f64.trunc (local.get $score)) (local.get $score)) (then (return (i32.const 0))))
                (i32.sub (local.get $tag) (i32.const 0x7e)))
              (else (call $size (local.get $scoreAt))))))
        (if (local.get $previous)
          (then
            (if (f64.lt (local.get $score) (local.get $last)) (then (return (i32.const 0))))
            (if (f64.eq (local.get $score) (local.get $last))
              (then
                (local.set $order (call $isLower (local.get $previous) (local.get $at)))
                (if (i32.ne (local.get $order) (i32.const 1)) (then (return (local.get $order))))))))
        (local.set $previous (local.get $at))
        (local.set $last (local.get $score))
        (local.set $at (local.get $next))
        (br $members)))
    (i32.const 1)))
