// What this page uses of the library, whose own files carry no types.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  export interface Options {
    url: string;
    domNode: Element;
    validatorUrl: null;
    deepLinking: boolean;
    docExpansion: 'list' | 'full' | 'none';
    defaultModelsExpandDepth: number;
    displayRequestDuration: boolean;
    tryItOutEnabled: boolean;
    persistAuthorization: boolean;
    onComplete: () => void;
  }

  export interface SwaggerUi {
    /** Puts a token into all further requests. */
    preauthorizeApiKey: (scheme: string, token: string) => void;
    authActions: { logout: (schemes: string[]) => void };
  }

  export default function swaggerUi(options: Options): SwaggerUi;
}
