// The module is made from schemas/config.schema.json by scripts/compile-schemas.mjs.

/** What the schema refuses, as ajv tells it (https://ajv.js.org/api.html#error-objects). */
export interface SchemaError {
  /** A JSON pointer to the value. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
  readonly parentSchema: {
    readonly errorMessage?: string;
    readonly properties?: Readonly<Record<string, unknown>>;
  };
}

export const validate: {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaError[] | null;
};

/** The schema itself. */
export const schema: Readonly<Record<string, unknown>>;
