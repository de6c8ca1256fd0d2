/**
 * Writes docs/api.md out of the docstrings of src/index.ts: `npm run docs`. Fails where an exported name, or a part of one, has none.
 * A workspace of its own, because typedoc needs a TypeScript with a JavaScript interface beside the one that compiles.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Comment, ReflectionKind } from 'typedoc';
import { CALIBRATION, MODEL_OPTIONS } from '../../dist/model/options.js';
import { EVALUATE_OPTIONS } from '../../dist/options/eval.js';
import { EXPORT_OPTIONS } from '../../dist/options/export.js';
import { GENERATE_OPTIONS } from '../../dist/options/generate.js';
import { LOAD_OPTIONS } from '../../dist/options/predict.js';
import { TRAIN_OPTIONS } from '../../dist/options/train.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'glz-api-'));
const application = await Application.bootstrapWithPlugins({
  entryPoints: [join(root, 'src/index.ts')],
  tsconfig: join(root, 'tsconfig.build.json'),
  // tsc checks the types.
  skipErrorChecking: true,
  plugin: ['typedoc-plugin-markdown'],
  out: folder,
  readme: 'none',
  disableGit: true,
  sourceLinkTemplate: '{path}',
  excludePrivate: true,
  excludeExternals: true,
  sort: ['source-order'],
  kindSortOrder: ['Class', 'Function', 'Interface', 'TypeAlias'],
  // Names that are no part of the library stand in types; docs/options.md has what is in them.
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  outputFileStrategy: 'modules',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
});

/** What the declarations of options say, by the type that is made of them. */
const DECLARED = {
  Calibration: CALIBRATION,
  GliZNetOptions: MODEL_OPTIONS,
  LoadSettings: LOAD_OPTIONS,
  TrainOptions: TRAIN_OPTIONS,
  EvaluateOptions: EVALUATE_OPTIONS,
  GenerateOptions: GENERATE_OPTIONS,
  ExportOptions: EXPORT_OPTIONS,
};

const NAMED =
  ReflectionKind.ClassOrInterface | ReflectionKind.TypeAlias | ReflectionKind.FunctionOrMethod | ReflectionKind.VariableOrProperty | ReflectionKind.Accessor;

const isWithin = (reflection, parent) => Boolean(reflection.parent) && (reflection.parent === parent || isWithin(reflection.parent, parent));

/** Leaves what the library itself says: not what every Error has, nor where a name comes from. Options get the words of their declarations. */
function tidy(project) {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
    const isOfError = reflection.inheritedFrom?.name?.startsWith('Error.') || reflection.overwrites?.name?.startsWith('Error.');
    if (isOfError && project.getReflectionById(reflection.id)) project.removeReflection(reflection);
  }
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
    const declared = DECLARED[reflection.parent?.name]?.[reflection.name];
    if (declared && !reflection.comment)
      reflection.comment = new Comment([{ kind: 'text', text: [declared.description, declared.detail].filter(Boolean).join('; ') }]);
    for (const field of ['inheritedFrom', 'overwrites', 'sources']) delete reflection[field];
    if (reflection.kindOf(ReflectionKind.Property)) delete reflection.defaultValue;
    if (reflection.kindOf(ReflectionKind.Interface)) for (const field of ['extendedTypes', 'typeHierarchy']) delete reflection[field];
    for (const group of reflection.groups ?? []) group.children = group.children.filter(({ id }) => project.getReflectionById(id));
    if (reflection.groups) reflection.groups = reflection.groups.filter(({ children }) => children.length > 0);
  }
}

/** Names without a docstring; what stands inside a type is no name. */
function undocumented(project) {
  const all = project.getReflectionsByKind(ReflectionKind.All);
  const literals = all.filter((reflection) => reflection.kindOf(ReflectionKind.TypeLiteral));
  return all
    .filter((reflection) => reflection.kindOf(NAMED) && !literals.some((literal) => isWithin(reflection, literal)))
    .filter(({ comment, signatures, getSignature }) => ![comment, getSignature?.comment, ...(signatures ?? []).map((each) => each.comment)].some(Boolean))
    .map((reflection) => reflection.getFullName());
}

try {
  const project = await application.convert();
  if (!project) throw new Error('typedoc could not read src/index.ts');
  application.validate(project);
  tidy(project);
  for (const name of undocumented(project)) application.logger.error(`${name} has no docstring`);
  if (application.logger.hasErrors() || application.logger.hasWarnings()) throw new Error('docs/api.md was not written: see above');
  application.options.setValue('disableSources', true);
  await application.generateOutputs(project);
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
    .replace(/^# gliznet\n/, '# The library\n\nMade of the docstrings by `npm run docs`. [Options](options.md#library) has the values that options take.\n')
    .replaceAll('docs/options.md', '[options](options.md#library)');
  writeFileSync(join(root, 'docs/api.md'), text);
} catch (error) {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
