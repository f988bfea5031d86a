/** Protobuf, strictly: one content has one encoding. Section Bytes. */

import { concat, NONE, text, utf8 } from "./bytes.js";
import { Refused } from "./refused.js";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const VARINT_BYTES_MAX = 10;

const isEmpty = (value) => value.length === 0;
const isZero = (value) => BigInt(value) === 0n;
const whole = (max, read, isDefault = isZero) => ({
  wire: VARINT,
  max,
  read,
  write: (value) => varint(value),
  isDefault,
});

export const uint32 = whole(2n ** 32n - 1n, Number);
export const uint64 = whole(2n ** 64n - 1n, (value) => value);
export const enumeration = whole(2n ** 31n - 1n, Number);
export const bool = whole(
  1n,
  (value) => value === 1n,
  (value) => !value,
);
export const fixed64 = { wire: FIXED64, write: fixed, isDefault: isZero };
/** Exactly so many bytes: an id, key, nonce or signature. */
export const exactly = (bytes) => ({ wire: LENGTH, exactly: bytes, isDefault: isEmpty });
/** At most so many bytes. */
export const bytes = (max = Number.POSITIVE_INFINITY) => ({ wire: LENGTH, max, isDefault: isEmpty });
/** UTF-8 of at most so many bytes. */
export const string = (max) => ({ wire: LENGTH, max, isText: true, isDefault: isEmpty });
/** A message inside of another. */
export const message = (schema) => ({ wire: LENGTH, max: Number.POSITIVE_INFINITY, schema, isDefault: () => false });

/** How a field stands in its message: by number, name and type; `repeated` is how often it may. */
export const field = (number, name, type, more = {}) => ({ number, name, type, ...more });
/** May stand with its default, too. */
export const EXPLICIT = { explicit: true };
/** Must not stand. */
export const RESERVED = { reserved: true };
/** Stands up to so many times. */
export const repeated = (max) => ({ repeated: max });

function varint(value) {
  const found = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...found, Number(rest)]);
    found.push(Number(rest & 0x7fn) | 0x80);
  }
}

function fixed(value) {
  const found = new Uint8Array(8);
  new DataView(found.buffer).setBigUint64(0, BigInt(value), true);
  return found;
}

function written(each, value) {
  const tag = varint((each.number << 3) | each.type.wire);
  if (each.type.wire !== LENGTH) return [tag, each.type.write(value)];
  const data = each.type.schema ? encode(each.type.schema, value) : each.type.isText ? utf8(value) : value;
  return [tag, varint(data.length), data];
}

/** A message from the values of its fields, by name. What is absent or a default is left out. */
export function encode(schema, values) {
  const known = new Set(schema.map((each) => each.name));
  for (const name of Object.keys(values)) if (!known.has(name)) throw new TypeError(`no field ${name}`);
  const parts = [];
  for (const each of schema) {
    const value = values[each.name];
    if (value === undefined) continue;
    if (each.repeated) for (const one of value) parts.push(...written(each, one));
    else if (each.explicit || !each.type.isDefault(value)) parts.push(...written(each, value));
  }
  return parts.length ? concat(...parts) : NONE;
}

class Reader {
  constructor(data) {
    this.data = data;
    this.at = 0;
  }

  get done() {
    return this.at === this.data.length;
  }

  take(length) {
    if (length > this.data.length - this.at) throw new Refused("truncated");
    const found = this.data.subarray(this.at, this.at + length);
    this.at += length;
    return found;
  }

  varint() {
    let value = 0n;
    for (let place = 0; place < VARINT_BYTES_MAX; place++) {
      const [byte] = this.take(1);
      value |= BigInt(byte & 0x7f) << BigInt(7 * place);
      if (byte & 0x80) continue;
      if ((byte === 0 && place > 0) || value >= 2n ** 64n) break;
      return value;
    }
    throw new Refused("non_minimal_varint");
  }
}

/** Takes a value as it is written, whatever is said of it. */
function raw(reader, type, name) {
  if (type.wire === FIXED64) {
    const data = reader.take(8);
    return new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true);
  }
  const number = reader.varint();
  if (type.wire === VARINT) {
    if (number > type.max) throw new Refused("value_too_large", name);
    return type.read(number);
  }
  const data = reader.take(Number(number));
  if (type.exactly !== undefined && data.length !== type.exactly) throw new Refused("wrong_length", name);
  if (data.length > type.max) throw new Refused("too_long", name);
  if (!type.isText) return data;
  try {
    return text(data);
  } catch {
    throw new Refused("not_utf8", name);
  }
}

function check(each, last, wire, count) {
  const { name } = each;
  if (each.reserved) throw new Refused("reserved_field", name);
  if (each.number < last) throw new Refused("misordered_field", name);
  if (each.number === last && !each.repeated) throw new Refused("repeated_field", name);
  if (each.type.wire !== wire) throw new Refused("wrong_wire_type", name);
  if (count === each.repeated) throw new Refused("too_many", name);
}

/** The values of a message's fields, by name: absent ones are undefined, repeated ones lists. */
export function decode(schema, data) {
  const values = {};
  for (const each of schema) if (each.repeated) values[each.name] = [];
  const reader = new Reader(data);
  let last = 0;
  while (!reader.done) {
    const tag = reader.varint();
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    const each = schema.find((one) => one.number === number);
    if (!each) throw new Refused("unknown_field", `${number}`);
    check(each, last, wire, values[each.name]?.length ?? 0);
    last = number;
    const found = raw(reader, each.type, each.name);
    const isPlain = !(each.repeated || each.explicit || each.type.schema);
    if (isPlain && each.type.isDefault(found)) throw new Refused("default_written", each.name);
    const value = each.type.schema ? decode(each.type.schema, found) : found;
    if (each.repeated) values[each.name].push(value);
    else values[each.name] = value;
  }
  return values;
}

/** Steps over the value of a field that nobody asks for. */
function skip(reader, wire) {
  if (wire === VARINT) reader.varint();
  else if (wire === FIXED64) reader.take(8);
  else if (wire === LENGTH) reader.take(Number(reader.varint()));
  else throw new Refused("wrong_wire_type", `${wire}`);
}

/** The same of messages that are neither hashed nor signed: what the schema does not name is left out. */
export function lenient(schema, data) {
  const values = {};
  for (const each of schema) if (each.repeated) values[each.name] = [];
  const reader = new Reader(data);
  while (!reader.done) {
    const tag = reader.varint();
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    const each = schema.find((one) => one.number === number);
    if (!each) {
      skip(reader, wire);
      continue;
    }
    const found = raw(reader, each.type, each.name);
    const value = each.type.schema ? lenient(each.type.schema, found) : found;
    if (each.repeated) values[each.name].push(value);
    else values[each.name] = value;
  }
  return values;
}
