// Loaded by `node --require` into a process and its children: writes each host that JavaScript looks up or connects to, a line each, to the
// file that NETWORK_WATCH names.
const { appendFileSync } = require('node:fs');
const dgram = require('node:dgram');
const dns = require('node:dns');
const net = require('node:net');

const note = (what, host) => appendFileSync(process.env.NETWORK_WATCH, `${what} ${host}\n`);
const watch = (object, name, what, hostOf) => {
  const original = object[name];
  object[name] = function (...args) {
    note(what, hostOf(args));
    return original.apply(this, args);
  };
};

for (const name of Object.keys(dns).filter((name) => /^(lookup|resolve|reverse)/.test(name))) watch(dns, name, 'look up', ([host]) => host);
for (const name of Object.keys(dns.promises).filter((name) => /^(lookup|resolve|reverse)/.test(name)))
  watch(dns.promises, name, 'look up', ([host]) => host);
watch(net.Socket.prototype, 'connect', 'connect', ([first, second]) => {
  const options = Array.isArray(first) ? first[0] : typeof first === 'object' ? first : { port: first, host: second };
  return options.path ?? options.host ?? 'localhost';
});
watch(dgram.Socket.prototype, 'send', 'send', (args) => args.filter((each) => typeof each === 'string').at(-1) ?? 'localhost');
