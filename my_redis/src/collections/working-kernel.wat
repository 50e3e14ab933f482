;; Runs the commonest requests of a log on working copies of small values, which lie in this memory as records of record.ts.
;; working-copies.ts describes the state at $s, and takes what is left to it: everything that is rare, large, or an error.
;;
;; A copy begins with four words: the hash of its key, the address of the record that it was made from (0 for none), the bytes
;; that it has room for, and whether the key has been deleted. The record follows.
(module
  (import "kernels" "memory" (memory 1))
  (import "requests" "readKnown" (func $readKnown (param i32 i32 i32) (result i32)))
  (import "packing" "pack" (func $pack (param i32 i32 i32 i32 i32) (result i32)))
  (import "packing" "isInteger" (func $isInteger (param i32 i32 i32) (result i32)))
  (import "elements" "size" (func $size (param i32) (result i32)))
  (import "elements" "distinct" (func $distinct (param i32 i32 i32 i32 i32) (result i32)))
  (import "elements" "merge" (func $merge (param i32 i32 i32 i32 i32 i32) (result i32)))
  ;; Looks for a key in the database, by hash, place and length: 0 if it is missing, 2 after its record was copied, 1 for a
  ;; value that has no working copy.
  (import "records" "fetch" (func $fetch (param i32 i32 i32) (result i32)))

  ;; --- copies ---

  ;; Where word $number of the request starts, and its length.
  (func $start (param $s i32) (param $number i32) (result i32)
    (i32.load (i32.add (i32.load offset=100 (local.get $s)) (i32.shl (local.get $number) (i32.const 2)))))

  (func $length (param $s i32) (param $number i32) (result i32)
    (i32.sub
      (i32.load (i32.add (i32.load offset=104 (local.get $s)) (i32.shl (local.get $number) (i32.const 2))))
      (call $start (local.get $s) (local.get $number))))

  ;; Where the key of a copy starts: there is an expiry before it or not.
  (func $keyStart (param $copy i32) (result i32)
    (i32.add
      (i32.add (local.get $copy) (i32.const 28))
      (i32.shl (i32.shr_u (i32.load offset=20 (local.get $copy)) (i32.const 31)) (i32.const 3))))

  (func $keyLength (param $copy i32) (result i32)
    (i32.and (i32.load offset=20 (local.get $copy)) (i32.const 0x3fffffff)))

  (func $value (param $copy i32) (result i32)
    (i32.add (call $keyStart (local.get $copy)) (call $keyLength (local.get $copy))))

  (func $equals (param $one i32) (param $other i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $one) (i32.and (local.get $length) (i32.const -8))))
    (block $words
      (loop $next
        (br_if $words (i32.ge_u (local.get $one) (local.get $end)))
        (if (i64.ne (i64.load (local.get $one)) (i64.load (local.get $other))) (then (return (i32.const 0))))
        (local.set $one (i32.add (local.get $one) (i32.const 8)))
        (local.set $other (i32.add (local.get $other) (i32.const 8)))
        (br $next)))
    (local.set $length (i32.and (local.get $length) (i32.const 7)))
    (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
    (i64.eqz
      (i64.shl
        (i64.xor (i64.load (local.get $one)) (i64.load (local.get $other)))
        (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (local.get $length) (i32.const 3)))))))

  ;; The slot of a key in the table, or the empty one where it belongs. A slot has a hash and the place of a copy.
  (func $slot (param $s i32) (param $hash i32) (param $key i32) (param $length i32) (result i32)
    (local $at i32) (local $slot i32) (local $copy i32)
    (local.set $at (i32.shl (local.get $hash) (i32.const 3)))
    (loop $next
      (local.set $slot
        (i32.add
          (i32.load offset=8 (local.get $s))
          (i32.and (local.get $at) (i32.load offset=12 (local.get $s)))))
      (local.set $copy (i32.load offset=4 (local.get $slot)))
      (if (i32.eqz (local.get $copy)) (then (return (local.get $slot))))
      (if (i32.eq (i32.load (local.get $slot)) (local.get $hash))
        (then
          (if (i32.eq (call $keyLength (local.get $copy)) (local.get $length))
            (then
              (if (call $equals (call $keyStart (local.get $copy)) (local.get $key) (local.get $length))
                (then (return (local.get $slot))))))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $next))
    (unreachable))

  ;; Takes memory for a copy with room for $bytes, and enters it at the slot; 0 when there is no room.
  (func $take (param $s i32) (param $slot i32) (param $hash i32) (param $address i32) (param $bytes i32) (result i32)
    (local $copy i32)
    (local.set $bytes (i32.and (i32.add (local.get $bytes) (i32.const 7)) (i32.const -8)))
    (local.set $copy (i32.load offset=16 (local.get $s)))
    (if (i32.gt_u
          (i32.add (local.get $bytes) (i32.const 16))
          (i32.sub (i32.load offset=20 (local.get $s)) (local.get $copy)))
      (then (return (i32.const 0))))
    (if (i32.eqz (i32.load offset=4 (local.get $slot)))
      (then
        (if (i32.ge_u (i32.load offset=32 (local.get $s)) (i32.load offset=36 (local.get $s)))
          (then (return (i32.const 0))))
        (i32.store offset=32 (local.get $s) (i32.add (i32.load offset=32 (local.get $s)) (i32.const 1)))))
    (i32.store offset=16
      (local.get $s)
      (i32.add (i32.add (local.get $copy) (i32.const 16)) (local.get $bytes)))
    (i32.store (local.get $copy) (local.get $hash))
    (i32.store offset=4 (local.get $copy) (local.get $address))
    (i32.store offset=8 (local.get $copy) (local.get $bytes))
    (i32.store offset=12 (local.get $copy) (i32.const 0))
    (i32.store (local.get $slot) (local.get $hash))
    (i32.store offset=4 (local.get $slot) (local.get $copy))
    (local.get $copy))

  ;; A copy of the key of the request with another value, whose bytes are undefined; 0 when there is no room. $expiry: negative
  ;; for none.
  (func $create
    (param $s i32) (param $slot i32) (param $kind i32) (param $valueLength i32) (param $expiry i64) (result i32)
    (local $address i32) (local $header i32) (local $copy i32) (local $length i32)
    (local.set $copy (i32.load offset=4 (local.get $slot)))
    (if (local.get $copy) (then (local.set $address (i32.load offset=4 (local.get $copy)))))
    (local.set $header (select (i32.const 20) (i32.const 12) (i64.ge_s (local.get $expiry) (i64.const 0))))
    (local.set $length (call $length (local.get $s) (i32.const 1)))
    (local.set $copy
      (call $take
        (local.get $s)
        (local.get $slot)
        (i32.load offset=8 (i32.load offset=4 (local.get $s)))
        (local.get $address)
        (i32.add (i32.add (local.get $header) (local.get $length)) (local.get $valueLength))))
    (if (i32.eqz (local.get $copy)) (then (return (i32.const 0))))
    (i32.store offset=16 (local.get $copy) (i32.or (local.get $kind) (i32.load offset=24 (local.get $s))))
    (i32.store offset=20 (local.get $copy) (i32.or (local.get $length) (i32.load offset=28 (local.get $s))))
    (i32.store offset=24 (local.get $copy) (local.get $valueLength))
    (if (i64.ge_s (local.get $expiry) (i64.const 0))
      (then
        (i32.store offset=20
          (local.get $copy)
          (i32.or (i32.load offset=20 (local.get $copy)) (i32.const 0x80000000)))
        (i64.store offset=28 (local.get $copy) (local.get $expiry))))
    (memory.copy (call $keyStart (local.get $copy)) (call $start (local.get $s) (i32.const 1)) (local.get $length))
    (local.get $copy))

  ;; Gives a value another length, in a copy with more room if need be; 0 when there is none. The common prefix stays.
  (func $resize (param $s i32) (param $slot i32) (param $copy i32) (param $valueLength i32) (result i32)
    (local $size i32) (local $moved i32)
    (local.set $size
      (i32.add
        (i32.sub (call $value (local.get $copy)) (i32.add (local.get $copy) (i32.const 16)))
        (local.get $valueLength)))
    (local.set $moved (local.get $copy))
    (if (i32.gt_u (local.get $size) (i32.load offset=8 (local.get $copy)))
      (then
        (local.set $moved
          (call $take
            (local.get $s)
            (local.get $slot)
            (i32.load (local.get $copy))
            (i32.load offset=4 (local.get $copy))
            (i32.add (local.get $size) (i32.shr_u (local.get $size) (i32.const 1)))))
        (if (i32.eqz (local.get $moved)) (then (return (i32.const 0))))
        (memory.copy
          (i32.add (local.get $moved) (i32.const 16))
          (i32.add (local.get $copy) (i32.const 16))
          (i32.load offset=8 (local.get $copy)))))
    (i32.store offset=24 (local.get $moved) (local.get $valueLength))
    (local.get $moved))

  ;; --- operations: each gives 1 when it is done, 0 when it is left to the caller, and 2 when there is no room ---

  ;; Marks a copy as used, and counts changes.
  (func $changed (param $s i32) (param $copy i32) (param $changes i32) (result i32)
    (i32.store offset=16
      (local.get $copy)
      (i32.or (i32.and (i32.load offset=16 (local.get $copy)) (i32.const 255)) (i32.load offset=24 (local.get $s))))
    (i32.store offset=40 (local.get $s) (i32.add (i32.load offset=40 (local.get $s)) (local.get $changes)))
    (i32.const 1))

  ;; The moment of "PXAT <milliseconds>" in words 3 and 4; -1 for anything else.
  (func $moment (param $s i32) (result i64)
    (local $at i32)
    (local.set $at (call $start (local.get $s) (i32.const 3)))
    (if (i32.or
          (i32.ne (call $length (local.get $s) (i32.const 3)) (i32.const 4))
          (i32.ne (i32.or (i32.load (local.get $at)) (i32.const 0x20202020)) (i32.const 0x74617870)))
      (then (return (i64.const -1))))
    (if (i32.gt_u (i32.sub (call $length (local.get $s) (i32.const 4)) (i32.const 1)) (i32.const 14))
      (then (return (i64.const -1))))
    (if (i32.ne
          (call $isInteger
            (call $start (local.get $s) (i32.const 4)) (call $length (local.get $s) (i32.const 4))
            (i32.add (local.get $s) (i32.const 120)))
          (i32.const 1))
      (then (return (i64.const -1))))
    (i64.sub (i64.load offset=120 (local.get $s)) (i64.extend_i32_u (i64.eqz (i64.load offset=120 (local.get $s))))))

  (func $set (param $s i32) (param $slot i32) (param $copy i32) (param $count i32) (result i32)
    (local $from i32) (local $length i32) (local $kind i32) (local $expiry i64) (local $isInteger i32)
    (local.set $expiry (i64.const -1))
    (if (i32.ne (local.get $count) (i32.const 3))
      (then
        (if (i32.ne (local.get $count) (i32.const 5)) (then (return (i32.const 0))))
        (local.set $expiry (call $moment (local.get $s)))
        (if (i64.lt_s (local.get $expiry) (i64.const 0)) (then (return (i32.const 0))))))
    (local.set $from (call $start (local.get $s) (i32.const 2)))
    (local.set $length (call $length (local.get $s) (i32.const 2)))
    (if (i32.gt_u (local.get $length) (i32.const 2048)) (then (return (i32.const 0))))
    (if (i32.lt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 20))
      (then
        (local.set $isInteger
          (call $isInteger
            (local.get $from) (local.get $length)
            (i32.add (local.get $s) (i32.const 120))))))
    (if (i32.lt_s (local.get $isInteger) (i32.const 0)) (then (return (i32.const 0))))
    (if (i32.le_u (local.get $length) (i32.const 44)) (then (local.set $kind (i32.const 0x20))))
    (if (local.get $isInteger)
      (then
        (local.set $kind (i32.const 0x10))
        (local.set $from (i32.add (local.get $s) (i32.const 120)))
        (local.set $length (i32.const 8))))
    ;; A copy that has an expiry, or none, as the new value.
    (if (i32.and
          (i32.ne (local.get $copy) (i32.const 0))
          (i32.eq
            (i32.shr_u (i32.load offset=20 (local.get $copy)) (i32.const 31))
            (i64.ge_s (local.get $expiry) (i64.const 0))))
      (then (local.set $copy (call $resize (local.get $s) (local.get $slot) (local.get $copy) (local.get $length))))
      (else
        (local.set $copy
          (call $create
            (local.get $s) (local.get $slot) (local.get $kind) (local.get $length) (local.get $expiry)))))
    (if (i32.eqz (local.get $copy)) (then (return (i32.const 2))))
    (i32.store8 offset=16 (local.get $copy) (local.get $kind))
    (i32.store offset=12 (local.get $copy) (i32.const 0))
    (if (i64.ge_s (local.get $expiry) (i64.const 0)) (then (i64.store offset=28 (local.get $copy) (local.get $expiry))))
    (memory.copy (call $value (local.get $copy)) (local.get $from) (local.get $length))
    (call $changed (local.get $s) (local.get $copy) (i32.const 1)))

  (func $increment (param $s i32) (param $slot i32) (param $copy i32) (result i32)
    (local $value i32)
    (if (i32.eqz (local.get $copy))
      (then
        (local.set $copy
          (call $create (local.get $s) (local.get $slot) (i32.const 0x10) (i32.const 8) (i64.const -1)))
        (if (i32.eqz (local.get $copy)) (then (return (i32.const 2))))
        (i64.store (call $value (local.get $copy)) (i64.const 0))))
    (if (i32.ne (i32.load8_u offset=16 (local.get $copy)) (i32.const 0x10)) (then (return (i32.const 0))))
    (local.set $value (call $value (local.get $copy)))
    (if (i64.eq (i64.load (local.get $value)) (i64.const 0x7fffffffffffffff)) (then (return (i32.const 0))))
    (i64.store (local.get $value) (i64.add (i64.load (local.get $value)) (i64.const 1)))
    (call $changed (local.get $s) (local.get $copy) (i32.const 1)))

  ;; Packs the words from 2 on; gives the end of the elements, 0 when they are left to the caller.
  (func $packed (param $s i32) (param $count i32) (result i32)
    (if (i32.gt_u
          (i32.sub (i32.load offset=88 (local.get $s)) (i32.load offset=84 (local.get $s)))
          (i32.const 65536))
      (then (return (i32.const 0))))
    (call $pack
      (i32.load offset=84 (local.get $s))
      (i32.const 2)
      (i32.sub (local.get $count) (i32.const 2))
      (i32.load offset=52 (local.get $s))
      (i32.add (local.get $s) (i32.const 120))))

  ;; Adds fields and values to a hash ($width 2), or members to a set ($width 1). The limits are at $limits: entries, and bytes of
  ;; an element.
  (func $add
    (param $s i32) (param $slot i32) (param $copy i32) (param $count i32) (param $width i32) (param $kind i32)
    (param $limits i32) (result i32)
    (local $end i32) (local $run i32) (local $old i32) (local $changes i32) (local $total i32) (local $value i32)
    (local.set $end (call $packed (local.get $s) (local.get $count)))
    (if (i32.eqz (local.get $end)) (then (return (i32.const 0))))
    (local.set $run (i32.load offset=52 (local.get $s)))
    (local.set $count (i32.sub (local.get $count) (i32.const 2)))
    (local.set $changes (i32.div_u (local.get $count) (local.get $width)))
    (if (i32.ne (i32.mul (local.get $changes) (local.get $width)) (local.get $count)) (then (return (i32.const 0))))
    (if (i32.or
          (i32.gt_u (local.get $changes) (i32.load (local.get $limits)))
          (i32.gt_u (i32.load offset=120 (local.get $s)) (i32.load offset=4 (local.get $limits))))
      (then (return (i32.const 0))))
    (if (i32.eqz (local.get $copy))
      (then
        ;; A set that begins with an integer is one of integers at first.
        (if (i32.eq (local.get $width) (i32.const 1))
          (then
            (local.set $value (i32.load8_u (local.get $run)))
            (if (i32.or
                  (i32.lt_u (local.get $value) (i32.const 0x80))
                  (i32.or
                    (i32.lt_u (i32.sub (local.get $value) (i32.const 0xc0)) (i32.const 0x20))
                    (i32.gt_u (local.get $value) (i32.const 0xf0))))
              (then (return (i32.const 0))))))
        (if (i32.eqz
              (call $distinct
                (local.get $run) (local.get $end) (local.get $width) (local.get $changes)
                (i32.load offset=56 (local.get $s))))
          (then (return (i32.const 0))))
        (local.set $total (local.get $count))
        (local.set $copy
          (call $create
            (local.get $s) (local.get $slot) (local.get $kind)
            (i32.add (i32.sub (local.get $end) (local.get $run)) (i32.const 2))
            (i64.const -1))))
      (else
        (if (i32.ne (i32.load8_u offset=16 (local.get $copy)) (local.get $kind)) (then (return (i32.const 0))))
        (local.set $old (i32.load offset=24 (local.get $copy)))
        (if (i32.gt_u (local.get $old) (i32.const 4096)) (then (return (i32.const 0))))
        (local.set $value (call $value (local.get $copy)))
        (memory.copy
          (i32.load offset=48 (local.get $s))
          (i32.add (local.get $value) (i32.const 2))
          (i32.sub (local.get $old) (i32.const 2)))
        (local.set $end
          (call $merge
            (i32.load offset=48 (local.get $s))
            (i32.add (i32.load offset=48 (local.get $s)) (i32.sub (local.get $old) (i32.const 2)))
            (local.get $run) (local.get $end)
            (i32.sub (local.get $width) (i32.const 1))
            (i32.add (local.get $s) (i32.const 120))))
        (local.set $run (i32.load offset=48 (local.get $s)))
        (local.set $total
          (i32.add
            (i32.load16_u (local.get $value))
            (i32.mul (i32.load offset=120 (local.get $s)) (local.get $width))))
        (if (i32.gt_u (local.get $total) (i32.mul (i32.load (local.get $limits)) (local.get $width)))
          (then (return (i32.const 0))))
        (if (i32.eq (local.get $width) (i32.const 1))
          (then (local.set $changes (i32.load offset=120 (local.get $s)))))
        (local.set $copy
          (call $resize
            (local.get $s) (local.get $slot) (local.get $copy)
            (i32.add (i32.sub (local.get $end) (local.get $run)) (i32.const 2))))))
    (if (i32.eqz (local.get $copy)) (then (return (i32.const 2))))
    (local.set $value (call $value (local.get $copy)))
    (i32.store16 (local.get $value) (local.get $total))
    (memory.copy
      (i32.add (local.get $value) (i32.const 2))
      (local.get $run)
      (i32.sub (local.get $end) (local.get $run)))
    (call $changed (local.get $s) (local.get $copy) (local.get $changes)))

  ;; Adds elements to a list, at its head if $atHead is 1: then there is one of them.
  (func $push (param $s i32) (param $slot i32) (param $copy i32) (param $count i32) (param $atHead i32) (result i32)
    (local $bytes i32) (local $old i32) (local $total i32) (local $value i32)
    (if (i32.and (local.get $atHead) (i32.ne (local.get $count) (i32.const 3))) (then (return (i32.const 0))))
    (local.set $bytes (call $packed (local.get $s) (local.get $count)))
    (if (i32.eqz (local.get $bytes)) (then (return (i32.const 0))))
    (local.set $bytes (i32.sub (local.get $bytes) (i32.load offset=52 (local.get $s))))
    (local.set $count (i32.sub (local.get $count) (i32.const 2)))
    (local.set $total (local.get $count))
    (local.set $old (i32.const 2))
    (if (local.get $copy)
      (then
        (if (i32.ne (i32.load8_u offset=16 (local.get $copy)) (i32.const 0x31)) (then (return (i32.const 0))))
        (local.set $old (i32.load offset=24 (local.get $copy)))
        (local.set $total (i32.add (local.get $total) (i32.load16_u (call $value (local.get $copy)))))))
    ;; As a packed list is limited, with the words as they are in the request, which is longer than the elements.
    (if (i32.or
          (i32.gt_u (local.get $total) (i32.load offset=80 (local.get $s)))
          (i32.gt_u
            (i32.add
              (i32.add (local.get $old) (i32.const 5))
              (i32.sub (i32.load offset=88 (local.get $s)) (i32.load offset=84 (local.get $s))))
            (i32.load offset=76 (local.get $s))))
      (then (return (i32.const 0))))
    (if (local.get $copy)
      (then
        (local.set $copy
          (call $resize
            (local.get $s) (local.get $slot) (local.get $copy) (i32.add (local.get $old) (local.get $bytes)))))
      (else
        (local.set $copy
          (call $create
            (local.get $s) (local.get $slot) (i32.const 0x31) (i32.add (local.get $bytes) (i32.const 2)) (i64.const -1)))))
    (if (i32.eqz (local.get $copy)) (then (return (i32.const 2))))
    (local.set $value (call $value (local.get $copy)))
    (i32.store16 (local.get $value) (local.get $total))
    (local.set $value (i32.add (local.get $value) (i32.const 2)))
    (local.set $old (i32.sub (local.get $old) (i32.const 2)))
    (if (local.get $atHead)
      (then
        (memory.copy (i32.add (local.get $value) (local.get $bytes)) (local.get $value) (local.get $old)))
      (else (local.set $value (i32.add (local.get $value) (local.get $old)))))
    (memory.copy (local.get $value) (i32.load offset=52 (local.get $s)) (local.get $bytes))
    (call $changed (local.get $s) (local.get $copy) (local.get $count)))

  ;; Removes the first element of a list, or the last one if $fromTail is 1.
  (func $pop (param $s i32) (param $copy i32) (param $count i32) (param $fromTail i32) (result i32)
    (local $value i32) (local $total i32) (local $size i32) (local $end i32) (local $byte i32) (local $shift i32)
    (if (i32.ne (local.get $count) (i32.const 2)) (then (return (i32.const 0))))
    (if (i32.eqz (local.get $copy)) (then (return (i32.const 1))))
    (if (i32.ne (i32.load8_u offset=16 (local.get $copy)) (i32.const 0x31)) (then (return (i32.const 0))))
    (local.set $value (call $value (local.get $copy)))
    (local.set $total (i32.load16_u (local.get $value)))
    (if (i32.eq (local.get $total) (i32.const 1))
      (then
        (i32.store offset=12 (local.get $copy) (i32.const 1))
        (return (call $changed (local.get $s) (local.get $copy) (i32.const 1)))))
    (i32.store16 (local.get $value) (i32.sub (local.get $total) (i32.const 1)))
    (local.set $end (i32.add (local.get $value) (i32.load offset=24 (local.get $copy))))
    (local.set $value (i32.add (local.get $value) (i32.const 2)))
    (if (local.get $fromTail)
      (then
        ;; The length at the end of an element: groups of seven bits, read backwards.
        (loop $groups
          (local.set $end (i32.sub (local.get $end) (i32.const 1)))
          (local.set $byte (i32.load8_u (local.get $end)))
          (local.set $size
            (i32.or (local.get $size) (i32.shl (i32.and (local.get $byte) (i32.const 127)) (local.get $shift))))
          (local.set $shift (i32.add (local.get $shift) (i32.const 7)))
          (br_if $groups (i32.ge_u (local.get $byte) (i32.const 128))))
        (local.set $size (i32.add (local.get $size) (i32.div_u (local.get $shift) (i32.const 7)))))
      (else
        (local.set $size (call $size (local.get $value)))
        (memory.copy
          (local.get $value)
          (i32.add (local.get $value) (local.get $size))
          (i32.sub (local.get $end) (i32.add (local.get $value) (local.get $size))))))
    (i32.store offset=24 (local.get $copy) (i32.sub (i32.load offset=24 (local.get $copy)) (local.get $size)))
    (call $changed (local.get $s) (local.get $copy) (i32.const 1)))

  ;; Notes a long string for the key of the request, which has no copy; 0 if the request is not SET of a key and a long value. Six
  ;; words: the hash, room for an address, and where key and value start and end.
  (func $noteString (param $s i32) (result i32)
    (local $entry i32)
    (if (i32.ne (i32.load (i32.load offset=4 (local.get $s))) (i32.const 3)) (then (return (i32.const 0))))
    (if (i32.le_u (call $length (local.get $s) (i32.const 2)) (i32.const 2048)) (then (return (i32.const 0))))
    (local.set $entry
      (i32.add
        (i32.load offset=160 (local.get $s))
        (i32.mul (i32.load offset=164 (local.get $s)) (i32.const 24))))
    (i32.store offset=164 (local.get $s) (i32.add (i32.load offset=164 (local.get $s)) (i32.const 1)))
    (i32.store (local.get $entry) (i32.load offset=8 (i32.load offset=4 (local.get $s))))
    (i32.store offset=8 (local.get $entry) (call $start (local.get $s) (i32.const 1)))
    (i32.store offset=12 (local.get $entry) (i32.load offset=4 (i32.load offset=104 (local.get $s))))
    (i32.store offset=16 (local.get $entry) (call $start (local.get $s) (i32.const 2)))
    (i32.store offset=20 (local.get $entry) (i32.load offset=8 (i32.load offset=104 (local.get $s))))
    (i32.store offset=40 (local.get $s) (i32.add (i32.load offset=40 (local.get $s)) (i32.const 1)))
    (i32.const 1))

  ;; One of the operations of working-copies.ts, with the copy of the key, or 0.
  (func $operate (param $s i32) (param $slot i32) (param $copy i32) (param $operation i32) (result i32)
    (local $count i32)
    (local.set $count (i32.load (i32.load offset=4 (local.get $s))))
    (if (i32.eq (local.get $operation) (i32.const 1))
      (then (return (call $set (local.get $s) (local.get $slot) (local.get $copy) (local.get $count)))))
    (if (i32.eq (local.get $operation) (i32.const 2))
      (then (return (call $increment (local.get $s) (local.get $slot) (local.get $copy)))))
    (if (i32.eq (local.get $operation) (i32.const 3))
      (then
        (return
          (call $add
            (local.get $s) (local.get $slot) (local.get $copy) (local.get $count) (i32.const 2) (i32.const 0x34)
            (i32.add (local.get $s) (i32.const 60))))))
    (if (i32.eq (local.get $operation) (i32.const 4))
      (then
        (return
          (call $add
            (local.get $s) (local.get $slot) (local.get $copy) (local.get $count) (i32.const 1) (i32.const 0x32)
            (i32.add (local.get $s) (i32.const 68))))))
    (if (i32.lt_u (local.get $operation) (i32.const 7))
      (then
        (return
          (call $push
            (local.get $s) (local.get $slot) (local.get $copy) (local.get $count)
            (i32.sub (local.get $operation) (i32.const 5))))))
    (if (i32.lt_u (local.get $operation) (i32.const 9))
      (then
        (return
          (call $pop
            (local.get $s) (local.get $copy) (local.get $count) (i32.sub (local.get $operation) (i32.const 7))))))
    ;; Removes the key: only one that has a copy.
    (if (i32.eqz (local.get $copy)) (then (return (i32.const 1))))
    (i32.store offset=12 (local.get $copy) (i32.const 1))
    (call $changed (local.get $s) (local.get $copy) (i32.const 1)))

  ;; Runs requests from $at on. Gives 0 before anything that is no whole request of a known command; 1 after one that is left to
  ;; the caller; 2 when there is no room for more copies. The last request is then from $s + 84 to $s + 88. The slot and the copy
  ;; of its key, if there is one, are at $s + 96 and $s + 92.
  (func $run (export "run") (param $s i32) (param $at i32) (param $end i32) (result i32)
    (local $result i32) (local $after i32) (local $operation i32) (local $hash i32) (local $slot i32) (local $copy i32)
    (local $found i32) (local $key i32) (local $length i32)
    (local.set $result (i32.load offset=4 (local.get $s)))
    (loop $next
      (local.set $after (call $readKnown (local.get $at) (local.get $end) (i32.load (local.get $s))))
      (i32.store offset=84 (local.get $s) (local.get $at))
      (if (i32.eqz (local.get $after)) (then (return (i32.const 0))))
      (i32.store offset=88 (local.get $s) (local.get $after))
      (local.set $operation (i32.load offset=12 (local.get $result)))
      (local.set $hash (i32.load offset=8 (local.get $result)))
      (local.set $key (call $start (local.get $s) (i32.const 1)))
      (local.set $length (call $length (local.get $s) (i32.const 1)))
      (local.set $slot (call $slot (local.get $s) (local.get $hash) (local.get $key) (local.get $length)))
      (local.set $copy (i32.load offset=4 (local.get $slot)))
      (i32.store offset=96 (local.get $s) (local.get $slot))
      (i32.store offset=92 (local.get $s) (local.get $copy))
      (if (i32.eqz (local.get $operation)) (then (return (i32.const 1))))
      (if (i32.eqz (local.get $copy))
        (then
          (if (i32.or
                (i32.eq (local.get $operation) (i32.const 9))
                (i32.gt_u (local.get $length) (i32.const 2048)))
            (then (return (i32.const 1))))
          (if (i32.eq (local.get $operation) (i32.const 1))
            (then
              (if (call $noteString (local.get $s))
                (then
                  (i32.store offset=44 (local.get $s) (i32.add (i32.load offset=44 (local.get $s)) (i32.const 1)))
                  (local.set $at (local.get $after))
                  (br $next)))))
          (local.set $found (call $fetch (local.get $hash) (local.get $key) (local.get $length)))
          (if (i32.eq (local.get $found) (i32.const 1)) (then (return (i32.const 1))))
          (if (local.get $found)
            (then
              (local.set $found (i32.load offset=108 (local.get $s)))
              (local.set $copy
                (call $take
                  (local.get $s)
                  (local.get $slot)
                  (local.get $hash)
                  (i32.load offset=112 (local.get $s))
                  (i32.add (local.get $found) (i32.shr_u (local.get $found) (i32.const 2)))))
              (if (i32.eqz (local.get $copy)) (then (return (i32.const 2))))
              (memory.copy
                (i32.add (local.get $copy) (i32.const 16))
                (i32.load offset=48 (local.get $s))
                (local.get $found))
              (i32.store offset=92 (local.get $s) (local.get $copy))))))
      (if (local.get $copy)
        (then
          (if (i32.load offset=12 (local.get $copy)) (then (local.set $copy (i32.const 0))))))
      (local.set $found (call $operate (local.get $s) (local.get $slot) (local.get $copy) (local.get $operation)))
      (i32.store offset=92 (local.get $s) (i32.load offset=4 (local.get $slot)))
      (if (i32.eqz (local.get $found)) (then (return (i32.const 1))))
      (if (i32.eq (local.get $found) (i32.const 2)) (then (return (i32.const 2))))
      (i32.store offset=44 (local.get $s) (i32.add (i32.load offset=44 (local.get $s)) (i32.const 1)))
      (local.set $at (local.get $after))
      (br $next))
    (unreachable)))
