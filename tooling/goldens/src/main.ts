console.log('Nothing to generate yet.');
