/** An identity: a user and its secret keys. Section Keys and signatures, Identity file. */

import { userId } from "./domains.js";
import { Name, read, write } from "./ids.js";
import { DecryptionKey, SigningKey } from "./keys.js";
import { must } from "./refused.js";

const FORMER_MAX = 64;

export class Identity {
  /** `former` are encryption keys of before, oldest first. */
  constructor(user, signing, encryption, former = []) {
    this.user = user;
    this.signing = signing;
    this.encryption = encryption;
    this.former = former;
  }

  /** A new one: the user is the fingerprint of the keys. */
  static generate() {
    const [signing, encryption] = [SigningKey.generate(), DecryptionKey.generate()];
    return new Identity(userId(signing.public, encryption.public), signing, encryption);
  }

  static fromText(text) {
    const found = { user: [], signing: [], encryption: [], former: [] };
    for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
      if (!line || line.startsWith("#")) continue;
      const [name, value] = line.split(/:(.*)/s).map((part) => part.trim());
      must(Object.hasOwn(found, name), "bad_text", "a line of an identity file names what it holds");
      found[name].push(value);
    }
    for (const name of ["user", "signing", "encryption"]) must(found[name].length === 1, "bad_text", `one ${name}`);
    must(found.former.length <= FORMER_MAX, "bad_text", "former keys");
    const decryption = (value) => new DecryptionKey(read(Name.SECRET_ENCRYPTION_KEY, value));
    return new Identity(
      read(Name.USER, found.user[0]),
      new SigningKey(read(Name.SECRET_SIGNING_KEY, found.signing[0])),
      decryption(found.encryption[0]),
      found.former.map(decryption),
    );
  }

  toText() {
    const secret = (key) => write(Name.SECRET_ENCRYPTION_KEY, key.secret);
    return [
      `user: ${write(Name.USER, this.user)}`,
      `signing: ${write(Name.SECRET_SIGNING_KEY, this.signing.seed)}`,
      `encryption: ${secret(this.encryption)}`,
      ...this.former.map((key) => `former: ${secret(key)}`),
      "",
    ].join("\n");
  }
}
