/** People who talk: users, channels, epochs, sealed messages. */

import { counterOf, toMs } from "../dmpc/hlc.js";
import { Identity } from "../dmpc/identity.js";
import { Name, read as readId, write } from "../dmpc/ids.js";
import { Permission } from "../dmpc/kinds.js";
import { personAt, saveIdentity } from "../node.js";
import { same } from "../vectors/case.js";

const PERMISSIONS = { "channel.add": Permission.CHANNEL_ADD, "user.read": Permission.USER_READ };

export const userOf = (text) => readId(Name.USER, text);
export const channelOf = (text) => readId(Name.CHANNEL, text);

/** Does something as somebody, and ends the connection. */
export async function as(address, file, action) {
  const person = await personAt(address, file);
  const result = await action(person);
  await person.link.close();
  return result;
}

/** Makes an identity and has the root make it a user. Needs root, file, name, permissions. */
export async function newcomer({ ws, root, file, name, permissions }) {
  const identity = Identity.generate();
  saveIdentity(file, identity);
  const granted = permissions.reduce((sum, permission) => sum | PERMISSIONS[permission], 0);
  await as(ws, root, (person) => person.createUser(identity, name, granted));
  return { user: write(Name.USER, identity.user) };
}

/** Opens a channel in which members read and write. Needs identity, name, members. */
export const openChannel = ({ ws, identity, name, members }) =>
  as(ws, identity, async (opener) => {
    const channel = await opener.openChannel(name, members.map(userOf));
    const found = await opener.readChannel(channel);
    same("by small pages", [...(await opener.readChannel(channel, 1)).epochs.keys()], [...found.epochs.keys()]);
    same("members", found.members.length, members.length + 1);
    return { channel: write(Name.CHANNEL, channel), name: found.about.name };
  });

/** Says some texts. Needs identity, channel, texts. */
export const say = ({ ws, identity, channel, texts }) =>
  as(ws, identity, async (speaker) => {
    const made = await speaker.say(channelOf(channel), ...texts);
    return { operations: made.map(({ id }) => write(Name.OPERATION, id)) };
  });

const shown = ({ position, author, operation, timestamp, text }) => ({
  position,
  author: write(Name.USER, author),
  operation: write(Name.OPERATION, operation.id),
  milliseconds: toMs(timestamp),
  counter: counterOf(timestamp),
  text,
});

/** Reads a whole channel, verified and opened, by small pages in both directions. Needs identity, channel. */
export const read = ({ ws, identity, channel }) =>
  as(ws, identity, async (reader) => {
    const forward = (await reader.messages(channelOf(channel), { limit: 2 })).map(shown);
    const backward = await reader.messages(channelOf(channel), { limit: 2, backward: true });
    same("backward", backward.map(shown).reverse(), forward);
    const positions = forward.map(({ position }) => position);
    same("positions", positions, [...positions.keys()]);
    return { messages: forward };
  });

/** Removes a member, opens a new epoch for who stays, and says something under it. Needs identity, channel, removed, text. */
export const secondEpoch = ({ ws, identity, channel, removed, text }) =>
  as(ws, identity, async (manager) => {
    await manager.remove(channelOf(channel), userOf(removed));
    await manager.say(channelOf(channel), text);
    const { about, epochs, members } = await manager.readChannel(channelOf(channel));
    return { epochs: epochs.size, members: members.length, messages: about.messages };
  });
